"""Training of speaker models: data, augmentation, losses, the loop."""
