"""Comparisons whose truth is known: their tables, measures, breakdowns and criteria."""
