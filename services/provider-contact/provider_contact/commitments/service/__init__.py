"""What the other slices may use of commitments."""

from provider_contact.commitments.policy import commitment_policy
from provider_contact.commitments.service.promising import EXCUSE, PROMISE, excuse, promise
from provider_contact.commitments.service.reading import commitment_texts, commitments_of
from provider_contact.commitments.service.results import STEP_BATCH, apply_answers, take_steps

__all__ = [
    "EXCUSE",
    "PROMISE",
    "STEP_BATCH",
    "apply_answers",
    "commitment_policy",
    "commitment_texts",
    "commitments_of",
    "excuse",
    "promise",
    "take_steps",
]
