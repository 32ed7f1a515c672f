"""Training of the speaker network."""
