"""From evidence to likelihood ratios, and the records of the results."""
