"""Archives as they are read: their entries, listed in a file and not in memory."""
