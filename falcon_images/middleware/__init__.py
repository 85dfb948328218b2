"""What sees each request."""
