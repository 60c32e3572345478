"""Official documents in PDF: the answer as a letter, which anybody can check by its code."""
