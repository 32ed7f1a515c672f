"""Language and accent of a recording."""
