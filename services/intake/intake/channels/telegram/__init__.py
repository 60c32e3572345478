"""The Telegram bot: updates are stored and handled later, chat by chat; whatever it says goes through a table of its own."""
