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
WITHOUT_PROVIDER: Final = "WITHDRAWAL_WITHOUT_PROVIDER"
SCRIPTS: Final = (*CheckSubject, WITHOUT_PROVIDER)


class CheckPolicy(BaseModel):
    """Shares, factors and limits; the file explains each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: int = Field(ge=0, le=WHOLE)
    answer_share: int = Field(ge=0, le=WHOLE)
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
    return _weights("withdrawal_weights.csv", "reason")


@cache
def answer_weights() -> Mapping[str, float]:
    """Return the factors by kind of the appeal whose answer was confirmed. Raises ReferenceDataError without a row for any other kind."""
    return _weights("answer_weights.csv", "kind")


def _weights(name: str, key: str) -> Mapping[str, float]:
    found = policy_table(PACKAGE, name, lambda row: row.number_in("factor", 0, 10_000) / 100, key=key)
    if OTHER not in found:
        raise ReferenceDataError(name, 1, f"missing: {OTHER}")
    return found


@cache
def _call_scripts() -> Mapping[str, Sequence[Label]]:
    document = policy_document(PACKAGE, "call_script.toml")
    return {code: [Label(**document[code][part]) for part in SCRIPT] for code in SCRIPTS}


def call_script(about: CheckSubject, *, has_provider: bool) -> Sequence[Label]:
    """Return what the caller says, in order. Raises KeyError for a sentence that is missing in the file."""
    return _call_scripts()[WITHOUT_PROVIDER if about is CheckSubject.WITHDRAWAL and not has_provider else about]


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError, ValidationError or KeyError for a wrong one."""
    for load in (check_policy, withdrawal_weights, answer_weights, _call_scripts):
        load()


def base_of(about: CheckSubject, reason: str | None, kind: str | None) -> tuple[int, float]:
    """Return the share of such statements in a thousand, and the factor by the reason of a withdrawal or the kind of an answered appeal."""
    policy = check_policy()
    if about is CheckSubject.ANSWER:
        return policy.answer_share, answer_weights().get(kind or OTHER, answer_weights()[OTHER])
    return policy.share, 1.0 if reason is None else withdrawal_weights().get(reason, withdrawal_weights()[OTHER])


def share_of(*, base: int, weight: float, seconds: float | None, unproven: int, counted: int) -> int:
    """Return of how many in a thousand statements like this one the applicant is asked by telephone.

    `base`, `weight`: as `base_of` returns them. `seconds`: since the proposal or the registration; None: speed says nothing. `unproven`
    of the provider's `counted` solutions were never confirmed.
    """
    policy = check_policy()
    factor = weight
    if seconds is not None and seconds < policy.fast_minutes * 60:
        factor *= policy.fast_factor
    if counted >= policy.unproven_least:
        factor *= 1 + (policy.unproven_factor - 1) * unproven / counted
    return min(WHOLE, round(base * factor))
