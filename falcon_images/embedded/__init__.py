"""A MongoDB of our own."""
