"""What is an image, and of which type."""
