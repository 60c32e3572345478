"""What the other slices may use of proposals."""

from provider_contact.proposals.policy import proposal_policy
from provider_contact.proposals.service.answers import UNANSWERED_BATCH, apply_answers, mark_unanswered, set_verdict
from provider_contact.proposals.service.flags import refresh_flags
from provider_contact.proposals.service.proposing import PROPOSE, propose
from provider_contact.proposals.service.reading import inquiry_of, proposal_texts, proposals_of, unanswered_share

__all__ = [
    "PROPOSE",
    "UNANSWERED_BATCH",
    "apply_answers",
    "inquiry_of",
    "mark_unanswered",
    "proposal_policy",
    "proposal_texts",
    "proposals_of",
    "propose",
    "refresh_flags",
    "set_verdict",
    "unanswered_share",
]
