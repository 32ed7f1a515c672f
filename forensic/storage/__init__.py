"""Files: whole or not at all, model cards, TOML, what ships."""
