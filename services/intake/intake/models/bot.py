"""Conversations of the Telegram bot."""
