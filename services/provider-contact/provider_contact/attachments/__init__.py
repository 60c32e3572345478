"""Files between the Fund and providers: those of answers, and documents of appeals that the Fund shows to a provider."""
