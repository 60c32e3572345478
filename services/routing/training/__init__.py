"""Training of the classifier of appeals from the texts of `texts/`; not part of the installed package."""
