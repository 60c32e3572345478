"""The reviewed files of commitments: when the applicant is asked, and why a provider is released from a promise."""

from collections.abc import Mapping
from datetime import time
from functools import cache

from pydantic import BaseModel, ConfigDict, PositiveInt

from shared.domain.deadlines import policies
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_model, policy_table

PACKAGE, FILE = "provider_contact.commitments", "commitment_policy.toml"


class CommitmentPolicy(BaseModel):
    """Terms and limits of promises; the file explains each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer_policy: str
    ask_at: time
    furthest: PositiveInt
    most: PositiveInt


@cache
def commitment_policy() -> CommitmentPolicy:
    """Return the policy. Raises ReferenceDataError for an unknown deadline."""
    found = policy_model(PACKAGE, FILE, CommitmentPolicy)
    if found.answer_policy not in policies():
        raise ReferenceDataError(FILE, 1, "the deadline is not known")
    return found


@cache
def excuse_reasons() -> Mapping[str, Label]:
    """Return the reasons to release a provider from a promise, by code."""
    return policy_table(PACKAGE, "excuse_reasons.csv", Row.label)
