"""Questions about: files that came with an appeal or a message."""
