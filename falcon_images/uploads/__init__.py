"""Forms that bring images."""
