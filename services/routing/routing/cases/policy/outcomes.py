"""Who decides an outcome: `closing_outcomes.csv`."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from routing.cases.policy.files import PACKAGE, NamedCode, require
from shared.domain.tables import Row
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_table


class OutcomeDecider(StrEnum):
    """Who or what decides an outcome."""

    CLERK = "clerk"
    """A clerk chooses it."""
    ACTION = "action"
    """It follows from an action of its own; an answer may say so of one of its issues."""
    APPLICANT = "applicant"
    """It follows from the applicant's own withdrawal."""
    CONFIRMED = "confirmed"
    """It follows from the applicant's confirmation, and a clerk chooses it only while that stands."""


@cache
def _deciders() -> Mapping[str, OutcomeDecider]:
    def build(row: Row) -> OutcomeDecider:
        row.one_of("outcome", taxonomy().outcomes)
        return OutcomeDecider(row.one_of("decided_by", frozenset(OutcomeDecider)))

    return policy_table(PACKAGE, "closing_outcomes.csv", build, key="outcome")


def _decided_by(*deciders: OutcomeDecider) -> tuple[str, ...]:
    return tuple(code for code, decider in _deciders().items() if decider in deciders)


@cache
def closing_outcomes() -> tuple[str, ...]:
    """Return the outcomes with which a clerk may close a case."""
    return _decided_by(OutcomeDecider.CLERK)


@cache
def finding_outcomes() -> tuple[str, ...]:
    """Return the outcomes that an answer may say of an issue."""
    return _decided_by(OutcomeDecider.CLERK, OutcomeDecider.ACTION)


@cache
def applicant_outcomes() -> frozenset[str]:
    """Return the outcomes that follow only from the applicant's own confirmation or withdrawal."""
    return frozenset(_decided_by(OutcomeDecider.APPLICANT, OutcomeDecider.CONFIRMED))


@cache
def confirmed_outcomes() -> tuple[str, ...]:
    """Return the outcomes with which a clerk may close a case while the applicant's confirmation stands."""
    found = _decided_by(OutcomeDecider.CONFIRMED)
    require("closing_outcomes.csv", found, NamedCode.RESOLVED_ON_SPOT)
    return found
