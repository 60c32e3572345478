"""What an appeal is about: kind, category or topic, tier and urgency, read from its text by a dictionary of stems."""

from routing.classification.service.classifier import Classification, classify
from routing.classification.service.subjects import subject_shares
from routing.classification.service.urgency import Evidence

__all__ = ["Classification", "Evidence", "classify", "subject_shares"]
