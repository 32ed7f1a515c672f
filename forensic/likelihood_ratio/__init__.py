"""From scores to calibrated likelihood ratios, with bounds, intervals and measures."""
