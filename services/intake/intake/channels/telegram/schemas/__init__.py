"""Codes, rows and messages of the Telegram bot."""
