"""What an appeal is about: kind, category or topic, tier and urgency, read from its words by a dictionary of stems."""

from routing.classification.classifier import Classification, classify
from routing.classification.urgency import Evidence, is_urgent

__all__ = ["Classification", "Evidence", "classify", "is_urgent"]
