"""What the other slices may use of proposals."""

from provider_contact.proposals.policy import proposal_policy
from provider_contact.proposals.service.answers import UNANSWERED_BATCH, apply_answers, mark_unanswered, set_verdict
from provider_contact.proposals.service.proposing import propose
from provider_contact.proposals.service.reading import proposal_texts, proposals_of, unanswered_share

__all__ = [
    "UNANSWERED_BATCH",
    "apply_answers",
    "mark_unanswered",
    "proposal_policy",
    "proposal_texts",
    "proposals_of",
    "propose",
    "set_verdict",
    "unanswered_share",
]
