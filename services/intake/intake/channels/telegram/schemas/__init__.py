"""Rows and messages of the Telegram bot."""
