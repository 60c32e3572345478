"""Deliveries to providers: how each notice of an inquiry reaches the provider or a body above it, and the answers by one-time links."""
