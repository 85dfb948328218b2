"""Sheets: tables that people edited in spreadsheets, read row by row."""
