"""The properties that documents have."""
