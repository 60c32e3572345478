"""The reviewed files of checks: which confirmations and withdrawals are asked about by telephone, how often, and what is said."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from provider_contact.checks.codes import CheckSubject
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document, policy_model, policy_table

PACKAGE: Final = "provider_contact.checks"
WHOLE: Final = 1000
OTHER: Final = "OTHER"
SCRIPT: Final = ("greeting", "question", "freely")


class CheckPolicy(BaseModel):
    """Shares, factors and limits; the file explains each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: int = Field(ge=0, le=WHOLE)
    fast_minutes: PositiveInt
    fast_factor: float = Field(ge=1)
    unproven_days: PositiveInt
    unproven_least: PositiveInt
    unproven_factor: float = Field(ge=1)
    tries: PositiveInt
    retry_hours: PositiveInt


@cache
def check_policy() -> CheckPolicy:
    """Return the policy. Raises ValidationError for a value out of bounds."""
    return policy_model(PACKAGE, "check_policy.toml", CheckPolicy)


@cache
def withdrawal_weights() -> Mapping[str, float]:
    """Return the factors by reason of a withdrawal. Raises ReferenceDataError without a row for any other reason."""
    found = policy_table(PACKAGE, "withdrawal_weights.csv", lambda row: row.number_in("factor", 0, 10_000) / 100, key="reason")
    if OTHER not in found:
        raise ReferenceDataError("withdrawal_weights.csv", 1, f"missing: {OTHER}")
    return found


@cache
def call_script() -> Mapping[CheckSubject, Sequence[Label]]:
    """Return what the caller says, in order, by the subject of the check. Raises KeyError for a sentence that is missing."""
    document = policy_document(PACKAGE, "call_script.toml")
    return {about: [Label(**document[about][part]) for part in SCRIPT] for about in CheckSubject}


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError, ValidationError or KeyError for a wrong one."""
    for load in (check_policy, withdrawal_weights, call_script):
        load()


def share_of(*, reason: str | None, seconds: float, unproven: int, counted: int) -> int:
    """Return of how many in a thousand statements like this one the applicant is asked by telephone.

    `reason`: of a withdrawal, None for a confirmation. `seconds`: since the proposal or the registration. `unproven` of the provider's
    `counted` solutions were never confirmed.
    """
    policy = check_policy()
    factor = 1.0 if reason is None else withdrawal_weights().get(reason, withdrawal_weights()[OTHER])
    if seconds < policy.fast_minutes * 60:
        factor *= policy.fast_factor
    if counted >= policy.unproven_least:
        factor *= 1 + (policy.unproven_factor - 1) * unproven / counted
    return min(WHOLE, round(policy.share * factor))
