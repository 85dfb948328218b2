"""Snapshots: how one is made, and exported again and again."""
