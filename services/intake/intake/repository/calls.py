"""Questions about: the telephone centre."""
