"""Datasets: many images at once, out of the service and into it."""
