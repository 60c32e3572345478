"""Use cases of the desk: the conversation of a case composed from its owners, and the files in it."""
