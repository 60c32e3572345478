"""Rows and messages of the phone channel."""
