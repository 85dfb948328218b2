"""What is known of collections, those that were deleted and can come back included."""
