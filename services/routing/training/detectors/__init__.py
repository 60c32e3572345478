"""Training of the detectors of danger and of protected subjects (`shared.language.detectors`) from the texts of `texts/`."""
