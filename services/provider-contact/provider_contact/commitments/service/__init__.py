"""What the other slices may use of commitments."""

from provider_contact.commitments.policy import commitment_policy, excuse_reasons
from provider_contact.commitments.service.promising import excuse, promise
from provider_contact.commitments.service.reading import commitment_texts, commitments_of
from provider_contact.commitments.service.results import STEP_BATCH, apply_answers, take_steps

__all__ = [
    "STEP_BATCH",
    "apply_answers",
    "commitment_policy",
    "commitment_texts",
    "commitments_of",
    "excuse",
    "excuse_reasons",
    "promise",
    "take_steps",
]
