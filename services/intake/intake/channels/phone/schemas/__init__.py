"""Codes, rows and messages of the phone channel."""
