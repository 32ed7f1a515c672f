"""The report of a linking of all recordings of a case."""
