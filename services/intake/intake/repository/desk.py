"""Questions about: what is registered at a counter."""
