"""Questions about: conversations of the Telegram bot."""
