"""The use cases of matching; no other slice builds on them."""
