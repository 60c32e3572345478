"""What is registered at a counter."""
