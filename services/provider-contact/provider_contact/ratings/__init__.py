"""Ratings by residents: the monthly ranking of organisations, and the figures of doctors for the Fund."""
