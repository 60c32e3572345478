"""What applicants add to their appeals: messages, statements, codes, ratings."""
