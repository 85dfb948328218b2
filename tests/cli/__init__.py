"""Tests of the commands, on a real service."""
