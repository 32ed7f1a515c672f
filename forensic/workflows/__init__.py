"""One command each, read top to bottom: what happens, in order."""
