"""Waitress, as this service needs it."""
