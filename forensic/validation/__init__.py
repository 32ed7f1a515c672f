"""Comparisons whose truth is known: their tables, measures, breakdowns and acceptance criteria."""
