"""Partners and their subscriptions."""
