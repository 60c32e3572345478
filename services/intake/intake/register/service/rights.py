"""What applicants may do with their appeals, read from `data/applicant_*` and `data/withdrawal_reasons.csv`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import BaseModel, Field

from intake.register.codes import check_codes
from shared.domain.labels import Label
from shared.domain.lifecycle import CaseStatus
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel
from shared.policy_files import policy_model, policy_rows

PACKAGE: Final = "intake.register"
ANSWERED: Final = CaseStatus.ANSWERED
RATED: Final = frozenset({CaseStatus.ANSWERED, CaseStatus.CLOSED})
SAME_CASE: Final = "SAME_CASE"
_UNKNOWN: Final = "*"
_DENIED: Final = frozenset({SAME_CASE, "NEW_APPEAL"})


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights of a kind of appeal: whether the Fund calls back before a withdrawal, and whether a denied answer stays in the same case."""

    call_back: bool
    keeps_case: bool


@dataclass(frozen=True, slots=True)
class WithdrawalReason:
    """A reason of a withdrawal. With a suspicious one the Fund always calls back."""

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
    statuses: frozenset[CaseStatus]
    tier_up: frozenset[CaseStatus]


class ApplicantPolicy(BaseModel):
    code: CodePolicy
    messages: MessagePolicy
    reopening: ReopeningPolicy


@cache
def policy() -> ApplicantPolicy:
    """Return the policy. Raises ValueError for an invalid file, for example an unknown status."""
    return policy_model(PACKAGE, "applicant_policy.toml", ApplicantPolicy)


@cache
def withdrawal_reasons() -> Mapping[str, WithdrawalReason]:
    """Return the reasons by code, in the order in which they are offered. Raises ReferenceDataError."""
    rows = policy_rows(PACKAGE, "withdrawal_reasons.csv")
    return {row.text("code"): WithdrawalReason(row.text("code"), row.label(), row.flag("suspicious")) for row in rows}


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
    """Read every policy file and check the codes. Raises ReferenceDataError or ValueError."""
    check_codes()
    policy(), withdrawal_reasons(), _rights()


def is_finished(status: str) -> bool:
    return taxonomy().statuses[status].final


def is_decided(status: str) -> bool:
    return status == ANSWERED or is_finished(status)


def actions(
    status: CaseStatus,
    kind: str | None,
    *,
    has_verdict: bool,
    has_contact: bool,
    to_confirm: bool,
    is_withdrawing: bool,
    has_open_follow_up: bool,
) -> list[str]:
    """Return what the applicant may do now, by the names of the API calls.

    `has_contact`: a code can be sent; `to_confirm`: a contact has yet to be confirmed; `is_withdrawing`: a withdrawal waits for the Fund's
    call; `has_open_follow_up`: a later appeal follows this one and is not finished.
    """
    is_settled = status == ANSWERED and has_verdict and rights(kind).keeps_case
    possible = {
        "messages": not is_finished(status),
        "attachments": not is_finished(status),
        "contact-confirmation": to_confirm and not is_finished(status),
        "withdrawal": has_contact and not is_withdrawing and not is_decided(status),
        "confirmation": status == ANSWERED and not has_verdict,
        "feedback": status in RATED,
        "reopening": status in policy().reopening.statuses and not has_open_follow_up and not is_settled,
    }
    return [name for name, is_possible in possible.items() if is_possible]
