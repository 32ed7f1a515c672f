"""Commands and their options; no logic."""
