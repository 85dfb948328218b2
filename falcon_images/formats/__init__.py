"""The forms in which documents are written."""
