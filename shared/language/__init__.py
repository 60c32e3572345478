"""Text analysis for all services: tokens folded across spellings, a search for stems and phrases, and shared detectors."""
