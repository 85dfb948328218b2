"""Datasets: many images with their documents, in one archive."""
