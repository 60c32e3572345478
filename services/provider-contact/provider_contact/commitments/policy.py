"""The reviewed file of commitments: when the applicant is asked, and how far a promise may reach."""

from datetime import time
from functools import cache

from pydantic import BaseModel, ConfigDict, PositiveInt

from shared.domain.deadlines import policies
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_model

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
