"""The policy files of the register: answer channels, rights of applicants, reasons of withdrawals, and the sentences of the timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from pydantic import BaseModel, Field

from intake.register.codes import AnswerMethod
from shared.domain.labels import Label
from shared.domain.lifecycle import CaseStatus
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel
from shared.policy_files import policy_document, policy_model, policy_rows

PACKAGE: Final = "intake.register"
TEXTS: Final = "texts.toml"
SAME_CASE: Final = "SAME_CASE"
_UNKNOWN: Final = "*"
_DENIED: Final = frozenset({SAME_CASE, "NEW_APPEAL"})
APPLICANT_NEEDS = frozenset({"phone", "email", "address"})


@dataclass(frozen=True, slots=True)
class AnswerChannel:
    """A channel for the answer, and the field of the applicant that it needs."""

    code: str
    label: Label
    needs: str | None


@cache
def answer_channels() -> Mapping[str, AnswerChannel]:
    """Return the channels by code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): AnswerChannel(
            row.text("code"), row.label(), row.one_of("needs", APPLICANT_NEEDS) if row.optional("needs") else None
        )
        for row in policy_rows(PACKAGE, "answer_channels.csv")
    }


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


class OfferPolicy(StrictModel):
    """Answers of applicants to what a provider proposes or promises."""

    hold_seconds: Mapping[AnswerMethod, int]
    link_days: int = Field(ge=1)

    def hold(self, method: AnswerMethod) -> timedelta:
        """Return for how long an answer by a method may be changed before it is published."""
        return timedelta(seconds=self.hold_seconds.get(method, 0))

    @property
    def link_life(self) -> timedelta:
        """For how long a link may be used after the last day on which an answer is waited for."""
        return timedelta(days=self.link_days)


class ApplicantPolicy(BaseModel):
    code: CodePolicy
    messages: MessagePolicy
    reopening: ReopeningPolicy
    offers: OfferPolicy


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


@cache
def register_texts() -> Mapping[str, Mapping[str, Label]]:
    """Return the sentences that citizens read, by group and name."""
    document = policy_document(PACKAGE, TEXTS)
    return {group: {name: Label(**entry) for name, entry in entries.items()} for group, entries in document.items()}


def check_policies() -> None:
    """Read the files of the rights. Raises ReferenceDataError, or ValueError for an invalid policy."""
    policy(), withdrawal_reasons(), _rights()
    codes, texts = taxonomy(), register_texts()
    tiers = {str(tier) for tier in codes.tiers}
    known = {"status": set(codes.statuses), "holder": set(codes.holders), "outcome": set(codes.outcomes), "tier": tiers}
    unknown = {name for group, allowed in known.items() for name in texts[group] if name not in allowed}
    if unknown := unknown | (tiers - set(texts["tier"])):
        raise ReferenceDataError(TEXTS, 1, f"unknown codes, or tiers without a name: {', '.join(sorted(unknown))}")
