"""The telephone centre."""
