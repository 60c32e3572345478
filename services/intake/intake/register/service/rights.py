"""What applicants may do with their appeals, as `data/applicant_*` and `data/withdrawal_reasons.csv` say."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, Field

from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel
from shared.policy_files import policy_model, policy_rows

PACKAGE: Final = "intake.register"
ANSWERED: Final = "ANSWERED"
RATED: Final = frozenset({"ANSWERED", "CLOSED"})
SAME_CASE: Final = "SAME_CASE"
_UNKNOWN: Final = "*"
_DENIED: Final = frozenset({SAME_CASE, "NEW_APPEAL"})


@dataclass(frozen=True, slots=True)
class Rights:
    """Of an appeal's kind: whether the Fund calls back before it is withdrawn, and whether a denied answer keeps the case."""

    call_back: bool
    stays: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an appeal is taken back; a suspicious one is never taken at its word."""

    code: str
    label: Label
    suspicious: bool


class CodePolicy(StrictModel):
    digits: int = Field(ge=4, le=10)
    minutes: int = Field(ge=1)
    tries: int = Field(ge=1)
    an_hour: int = Field(ge=1)
    a_day: int = Field(ge=1)
    a_day_from_an_address: int = Field(ge=1)
    kept_hours: int = Field(ge=1)


class MessagePolicy(StrictModel):
    an_hour: int = Field(ge=1)


class ReopeningPolicy(StrictModel):
    statuses: frozenset[str]
    tier_up: frozenset[str]


class Policy(BaseModel):
    code: CodePolicy
    messages: MessagePolicy
    reopening: ReopeningPolicy


@cache
def policy() -> Policy:
    """Raises ValueError for a file that cannot be trusted."""
    found = policy_model(PACKAGE, "applicant_policy.toml", Policy)
    if strange := (found.reopening.statuses | found.reopening.tier_up) - set(taxonomy().statuses):
        raise ValueError(f"applicant_policy.toml: no status is called {', '.join(sorted(strange))}")
    return found


@cache
def reasons() -> Mapping[str, Reason]:
    """By code, in the order in which they are offered. Raises ReferenceDataError."""
    rows = policy_rows(PACKAGE, "withdrawal_reasons.csv")
    return {row.text("code"): Reason(row.text("code"), row.label(), row.flag("suspicious")) for row in rows}


@cache
def _rights() -> Mapping[str, Rights]:
    file = "applicant_rights.csv"
    rows = policy_rows(PACKAGE, file)
    found = {row.text("kind"): Rights(row.flag("call_back"), row.one_of("denied", _DENIED) == SAME_CASE) for row in rows}
    if set(found) != {*taxonomy().kinds, _UNKNOWN}:
        raise ReferenceDataError(file, 1, "does not name each kind, and *")
    return found


def rights(kind: str | None) -> Rights:
    return _rights()[kind or _UNKNOWN]


def check() -> None:
    """Read everything once. Raises ReferenceDataError or ValueError."""
    policy(), reasons(), _rights()


def is_finished(status: str) -> bool:
    return taxonomy().statuses[status].final


def is_decided(status: str) -> bool:
    return status == ANSWERED or is_finished(status)


def actions(tracking: Mapping[str, Any], *, has_contact: bool, to_confirm: bool, is_withdrawing: bool, goes_on: bool) -> list[str]:
    """What the applicant may do now, by the names of the calls.

    `has_contact`: a code can be sent there; `to_confirm`: a contact has yet to be confirmed; `is_withdrawing`: a withdrawal waits for
    the Fund's call; `goes_on`: in a later appeal that is not finished.
    """
    status, has_verdict = tracking["status"], tracking["verdict"] is not None
    is_settled = status == ANSWERED and has_verdict and rights(tracking["kind"]).stays
    possible = {
        "messages": not is_finished(status),
        "attachments": not is_finished(status),
        "contact-confirmation": to_confirm and not is_finished(status),
        "withdrawal": has_contact and not is_withdrawing and not is_decided(status),
        "confirmation": status == ANSWERED and not has_verdict,
        "feedback": status in RATED,
        "reopening": status in policy().reopening.statuses and not goes_on and not is_settled,
    }
    return [name for name, may in possible.items() if may]
