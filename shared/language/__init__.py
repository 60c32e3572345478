"""How texts are read: words in one form for every spelling, a search for stems and phrases, and the detectors that all services share."""
