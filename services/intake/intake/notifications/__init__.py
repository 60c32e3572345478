"""Notifications to applicants: their planning, their texts, their delivery methods and the record of each delivery."""
