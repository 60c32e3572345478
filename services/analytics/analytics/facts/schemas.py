"""Codes and values by which the other slices ask about facts."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ActorKind(StrEnum):
    """Who caused an event."""

    CITIZEN = "citizen"
    FUND = "fund"
    PROVIDER = "provider"
    SYSTEM = "system"


class Group(StrEnum):
    """What a count of appeals can be split by."""

    CHANNEL = "channel"
    KIND = "kind"
    REGION = "region"
    TIER = "tier"
    CATEGORY = "category"
    PROVIDER = "provider"
    TOPIC = "topic"
    OUTCOME = "outcome"


class Proof(StrEnum):
    """What is known of the solution of an appeal from the applicant's own word, or of a withdrawal. The latest counts."""

    PROPOSED = "PROPOSED"
    """The provider says that it is solved; the applicant has not answered yet."""
    CONFIRMED = "CONFIRMED"
    DENIED = "DENIED"
    NO_ANSWER = "NO_ANSWER"
    VERIFIED = "VERIFIED"
    """Confirmed, and repeated by telephone."""
    REFUTED = "REFUTED"
    """Confirmed, and taken back by telephone."""
    BROKEN = "BROKEN"
    """A promise of the provider was broken after it."""
    WITHDRAWN = "WITHDRAWN"
    WITHDRAWAL_VERIFIED = "WITHDRAWAL_VERIFIED"
    WITHDRAWAL_REFUTED = "WITHDRAWAL_REFUTED"
    ANSWER_VERIFIED = "ANSWER_VERIFIED"
    """The Fund's answer was confirmed, and again by telephone."""
    ANSWER_REFUTED = "ANSWER_REFUTED"


class CallOutcome(StrEnum):
    """How a call ended; the codes of `call-ended`."""

    ANSWERED = "ANSWERED"
    ABANDONED = "ABANDONED"
    AFTER_HOURS = "AFTER_HOURS"
    SELF_SERVICE = "SELF_SERVICE"


@dataclass(frozen=True, slots=True)
class Cohort:
    """First-time appeals received from `first` to `last`, both inclusive, by the local day of their region; None does not narrow.

    An appeal that continues an earlier one is not counted again.
    """

    first: date
    last: date
    region: str | None = None
    kind: str | None = None
    outcome: str | None = None
    proofs: frozenset[Proof] = frozenset()
    """Narrows to appeals with one of these; empty does not narrow."""


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Calls to the telephone centre in a period: numbers of calls, and seconds.

    Calls after hours and calls that the machine served are not included, because they were offered to nobody.
    """

    answered: int
    abandoned: int
    abandoned_short: int
    """Abandoned so early that they are counted separately."""
    answered_in_time: int
    waited: int
    """Seconds that the answered calls waited, in total."""
    talked: int
    """Seconds that the answered calls lasted after the answer, in total."""
