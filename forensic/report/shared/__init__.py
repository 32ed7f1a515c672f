"""Parts that every report is made of."""
