"""Forensic voice comparison with an LSTM: from folders of recordings to likelihood ratios and a report."""

__version__ = "0.1.0"
