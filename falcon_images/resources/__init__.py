"""The responders of the API."""
