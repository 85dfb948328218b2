"""What a client asks of a list."""
