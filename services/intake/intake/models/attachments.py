"""Files that came with an appeal or a message."""
