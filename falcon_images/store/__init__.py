"""Images: documents and files kept in step."""
