"""Tests of the client, on a real service."""
