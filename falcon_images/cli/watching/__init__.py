"""Watching of folders: what appears in them is sent once it is whole."""
