"""From evidence to likelihood ratios, and the records of what came out."""
