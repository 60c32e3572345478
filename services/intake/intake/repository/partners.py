"""Questions about: partners and their subscriptions."""
