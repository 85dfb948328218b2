"""Layouts: what an export is written as, one module for each."""
