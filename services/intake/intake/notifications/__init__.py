"""Notifications: what is sent to applicants, by which method, and what became of it."""
