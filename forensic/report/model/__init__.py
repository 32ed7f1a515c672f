"""The card and learning curve of a trained model."""
