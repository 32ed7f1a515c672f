"""Training a network that tells languages, or accents, apart."""
