"""The Telegram bot. Updates are stored and handled later, chat by chat; replies are sent from a table of outgoing messages."""
