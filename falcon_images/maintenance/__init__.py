"""What keeps documents and files in step."""
