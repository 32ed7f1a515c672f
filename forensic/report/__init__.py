"""The report: content as data, figures, rendering."""
