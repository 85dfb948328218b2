"""Sending of files: which ones, their properties and keys, and what came of it."""
