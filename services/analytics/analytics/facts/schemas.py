"""Codes and values by which the other slices ask about facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID


class ActorKind(StrEnum):
    """Who caused an event."""

    CITIZEN = "citizen"
    FUND = "fund"
    PROVIDER = "provider"
    SYSTEM = "system"


class Grain(StrEnum):
    """What a figure counts: rows of one table of facts."""

    APPEALS = "appeals"
    CALLS = "calls"
    QUESTIONS = "questions"
    INQUIRIES = "inquiries"
    COMMITMENTS = "commitments"
    BACKLOG = "backlog"
    """Appeals that wait at the end of a day."""


class Group(StrEnum):
    """What a figure can be split by. Days, weeks (named by their Monday), months and quarters are those of the cohort's local day."""

    CHANNEL = "channel"
    KIND = "kind"
    REGION = "region"
    TIER = "tier"
    CATEGORY = "category"
    PROVIDER = "provider"
    DISTRICT = "district"
    """The district of the provider; none without a provider or a district in the provider's record."""
    TOPIC = "topic"
    OUTCOME = "outcome"
    LANGUAGE = "language"
    AGE = "age"
    """How many days ago a waiting appeal was received (`ageing.csv`)."""
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


TIMES: Final = frozenset({Group.DAY, Group.WEEK, Group.MONTH, Group.QUARTER})
GROUPS: Final[Mapping[Grain, frozenset[Group]]] = MappingProxyType(
    {
        Grain.APPEALS: frozenset(Group) - {Group.AGE},
        Grain.CALLS: TIMES | {Group.REGION},
        Grain.QUESTIONS: TIMES | {Group.REGION, Group.CHANNEL, Group.TOPIC, Group.LANGUAGE},
        Grain.INQUIRIES: TIMES | {Group.REGION, Group.CATEGORY, Group.PROVIDER},
        Grain.COMMITMENTS: TIMES | {Group.REGION, Group.PROVIDER},
        Grain.BACKLOG: TIMES | {Group.REGION, Group.AGE},
    }
)
"""What each grain can be split by: its tables have no other columns."""


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


class CommitmentResult(StrEnum):
    """What became of a provider's promise; the codes of `commitment-ended`."""

    KEPT = "KEPT"
    BROKEN = "BROKEN"
    EXCUSED = "EXCUSED"
    NO_ANSWER = "NO_ANSWER"


class ProviderComplaints(NamedTuple):
    """The complaints of a provider in a period."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    kind: str | None
    complaints: int
    unproven_withdrawals: int
    """Complaints that were withdrawn and not checked with the applicant."""


class ProviderPromisesAndRatings(NamedTuple):
    """The promises and ratings of a provider in a period."""

    promises: int = 0
    """Promises that were due and have a result, fulfilled or broken."""
    promises_fulfilled: int = 0
    ratings: int = 0
    rating_total: int = 0
    """The sum of the scores."""


class CallOutcome(StrEnum):
    """How a call ended; the codes of `call-ended`."""

    ANSWERED = "ANSWERED"
    ABANDONED = "ABANDONED"
    AFTER_HOURS = "AFTER_HOURS"
    SELF_SERVICE = "SELF_SERVICE"


@dataclass(frozen=True, slots=True)
class CohortFilters:
    """Narrows a cohort to the codes given; None does not narrow. A category includes the categories below it."""

    channel: str | None = None
    kind: str | None = None
    category: str | None = None
    topic: str | None = None
    tier: int | None = None
    provider_id: UUID | None = None
    district: str | None = None
    """The district of the provider."""
    language: str | None = None


EVERYTHING: Final = CohortFilters()
FILTERS: Final[Mapping[Grain, frozenset[str]]] = MappingProxyType(
    {
        Grain.APPEALS: frozenset(CohortFilters.__dataclass_fields__),
        Grain.CALLS: frozenset(),
        Grain.QUESTIONS: frozenset({"channel", "topic", "language"}),
        Grain.INQUIRIES: frozenset({"category", "provider_id", "district"}),
        Grain.COMMITMENTS: frozenset({"provider_id", "district"}),
        Grain.BACKLOG: frozenset({"kind"}),
    }
)
"""The filters that each grain has a column for."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """First-time appeals received from `first` to `last`, both inclusive, by the local day of their region; None does not narrow.

    An appeal that continues an earlier one is not counted again. Of calls and questions, the day of the call or question counts.
    """

    first: date
    last: date
    region: str | None = None
    kind: str | None = None
    outcome: str | None = None
    proofs: frozenset[Proof] = frozenset()
    """Narrows to appeals with one of these; empty does not narrow."""
    with_protected: bool = True
    """Protected appeals are among them. Who belongs to a branch neither counts nor lists them."""
    filters: CohortFilters = EVERYTHING


class Formula(StrEnum):
    """What is computed of the appeals of a cohort."""

    SCORE = "SCORE"
    AGREEMENT = "AGREEMENT"
    AGREEMENT_AUTO = "AGREEMENT_AUTO"
    AGREEMENT_SUGGEST = "AGREEMENT_SUGGEST"
    AGREEMENT_TRIAGE = "AGREEMENT_TRIAGE"
    AGREEMENT_KK = "AGREEMENT_KK"
    AGREEMENT_RU = "AGREEMENT_RU"
    ANSWERED = "ANSWERED"
    IN_TIME = "IN_TIME"
    OVERDUE = "OVERDUE"
    EXTENDED = "EXTENDED"
    REOPENED = "REOPENED"
    HELD_BY_FUND = "HELD_BY_FUND"
    HELD_BY_PROVIDER = "HELD_BY_PROVIDER"
    HELD_BY_APPLICANT = "HELD_BY_APPLICANT"
    FIRST_CONTACT = "FIRST_CONTACT"
    LEAKED = "LEAKED"
    ANSWER_TIME = "ANSWER_TIME"
    """The answers from which percentiles are computed."""


@dataclass(frozen=True, slots=True)
class FormulaRules:
    """What formulas need in addition to the facts: the present, and how soon a complaint after an answer counts as leakage."""

    now: datetime
    leakage_seconds: int


class ListedAppeal(NamedTuple):
    """An appeal that a figure counts; `number` is None if it is not known."""

    appeal_id: UUID
    number: str | None
    received_on: date


class Quantile(NamedTuple):
    """A percentile in hundredths of a second, and the number of values."""

    hundredths: int
    n: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Of `n` rows of a cohort that a figure is about, the number that count or the sum of their amounts."""

    total: int
    n: int


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
