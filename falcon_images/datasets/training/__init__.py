"""Data sets for training: their images, classes and splits, and what is marked."""
