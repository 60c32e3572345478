"""Questions about: what leaves for applicants."""
