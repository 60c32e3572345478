"""The reviewed files of the notices, checked when read: which fact goes where (`notice_routes.csv`), and when (`notice_policy.toml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from intake.register.service.answer_channels import answer_channels
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document, policy_rows

ROUTES: Final = "notice_routes.csv"
POLICY: Final = "notice_policy.toml"
RECIPIENTS: Final = frozenset({"APPLICANT"})


@dataclass(frozen=True, slots=True)
class Route:
    """How a fact is told on a channel."""

    template: str
    urgent: bool
    """At any hour, and never counted against the limit."""
    with_answer: bool
    """The answer itself goes along, if the applicant chose this channel for it."""


@dataclass(frozen=True, slots=True)
class Policy:
    opens: time
    closes: time
    """Between both, in the region's local time, notices that are not urgent leave."""
    limit: int
    window: timedelta
    """So many notices of an appeal in so long a time; more become one later."""
    recipient_limit: int
    """So many notices of all appeals together to one recipient in a day; more wait for the next."""
    retries: tuple[timedelta, ...]
    """How long to wait after each failed attempt; after the last the next channel is tried."""
    longest: timedelta
    """Where there is no other channel the last wait is repeated for so long after planning."""
    lease: timedelta
    """After so long a notice in hand counts as lost with its worker."""
    code_life: timedelta
    """A code that could not be sent for so long is of no use any more."""
    order: tuple[str, ...]
    silent: frozenset[str]
    by_hand: frozenset[str]
    settled: frozenset[str]
    unsettled: frozenset[str]


@cache
def routes() -> Mapping[tuple[str, str, str], Route]:
    """By fact, recipient and channel. Raises ReferenceDataError."""
    found = {}
    for row in policy_rows("intake.notifications", ROUTES):
        key = (row.text("fact"), row.one_of("recipient", RECIPIENTS), row.one_of("channel", answer_channels()))
        if key in found:
            raise row.error("is given twice")
        found[key] = Route(row.text("template"), row.flag("urgent"), row.flag("with_answer"))
    return MappingProxyType(found)


@cache
def facts_told() -> frozenset[str]:
    return frozenset(fact for fact, _, _ in routes())


@cache
def policy() -> Policy:
    """Raises ReferenceDataError for a channel that is not known or a time that cannot be."""
    given = policy_document("intake.notifications", POLICY)
    try:
        read = Policy(
            opens=given["hours"]["opens"],
            closes=given["hours"]["closes"],
            limit=given["limit"]["notices"],
            recipient_limit=given["limit"]["recipient_a_day"],
            window=timedelta(minutes=given["limit"]["minutes"]),
            retries=tuple(timedelta(seconds=each) for each in given["attempts"]["retry_after_seconds"]),
            longest=timedelta(hours=given["attempts"]["longest_hours"]),
            lease=timedelta(seconds=given["attempts"]["lease_seconds"]),
            code_life=timedelta(minutes=given["attempts"]["code_minutes"]),
            order=tuple(given["channels"]["order"]),
            silent=frozenset(given["channels"]["silent"]),
            by_hand=frozenset(given["channels"]["by_hand"]),
            settled=frozenset(given["reply"]["settled"]),
            unsettled=frozenset(given["reply"]["unsettled"]),
        )
    except KeyError as missing:
        raise ReferenceDataError(POLICY, 1, f"{missing} is missing") from None
    if not {*read.order, *read.silent, *read.by_hand} <= set(answer_channels()):
        raise ReferenceDataError(POLICY, 1, "names a channel that is not known")
    if read.opens >= read.closes or read.limit < 1 or read.recipient_limit < 1 or read.settled & read.unsettled:
        raise ReferenceDataError(POLICY, 1, "contradicts itself")
    return read
