"""Snapshots: their records, and the documents that they hold."""
