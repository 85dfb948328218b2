"""Lists of documents."""
