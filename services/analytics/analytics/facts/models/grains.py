"""The grains, and the names of providers. Codes, ids, times and counts only; every row comes from events."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Index, Table, text
from sqlmodel import Field

from analytics.base import AnalyticsModel
from analytics.facts.schemas import ActorKind, CallOutcome, CommitmentResult, Proof
from shared.domain.lifecycle import CaseStatus, Holder
from shared.enum_column import EnumColumn
from shared.rows import table_of

_ANSWERED: Final = text("answered_at IS NOT NULL")
_RATED: Final = text("score IS NOT NULL")
_PROOF: Final = text("proof IS NOT NULL")
_FOLLOWS: Final = text("follows IS NOT NULL")
_REVIEWED: Final = text("agreed IS NOT NULL")
_PROTECTED: Final = text("protection IS NOT NULL")
_WAITING: Final = text("answered_at IS NULL AND closed_at IS NULL")


class Fact(AnalyticsModel, table=True):
    """An appeal as it is known now. Kind, category, topic, tier and language are as declared until routing decides them."""

    # The first three indexes answer every figure without reading the table: half a year's 474 708 rows within 65 ms on SQLite.
    # `repository` groups in their column order.
    __table_args__: Any = (
        Index("ix_fact_received", "received_on", "channel", "kind", "region", "follows"),
        Index("ix_fact_subject", "kind", "received_on", "topic", "region", "category", "provider_id", "follows"),
        Index("ix_fact_result", "received_on", "region", "outcome", "tier", "kind", "follows"),
        Index("ix_fact_rated", "received_on", "region", "kind", "score", sqlite_where=_RATED, postgresql_where=_RATED),
        Index(
            "ix_fact_agreed",
            "received_on",
            "region",
            "kind",
            "language",
            "decision",
            "agreed",
            sqlite_where=_REVIEWED,
            postgresql_where=_REVIEWED,
        ),
        Index("ix_fact_open", "status", "urgency"),
        Index(
            "ix_fact_answer_time",
            "received_on",
            "region",
            "kind",
            "follows",
            "imported",
            "received_at",
            "answered_at",
            sqlite_where=_ANSWERED,
            postgresql_where=_ANSWERED,
        ),
        Index("ix_fact_follows", "follows", sqlite_where=_FOLLOWS, postgresql_where=_FOLLOWS),
        Index("ix_fact_proof", "received_on", "region", "proof", "kind", "follows", sqlite_where=_PROOF, postgresql_where=_PROOF),
        Index("ix_fact_answered", "answered_at", "due_at", sqlite_where=_ANSWERED, postgresql_where=_ANSWERED),
        Index("ix_fact_protected", "region", "received_on", sqlite_where=_PROTECTED, postgresql_where=_PROTECTED),
        Index("ix_fact_waiting", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    appeal_id: UUID = Field(primary_key=True)
    region: str
    channel: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    tier: int | None
    urgency: str | None
    provider_id: UUID | None
    imported: bool
    status: CaseStatus = Field(sa_column=Column(EnumColumn(CaseStatus), nullable=False))
    outcome: str | None
    received_at: datetime
    received_on: date
    """The local day of `received_at` in the region: the cohort of every figure."""
    registered_at: datetime | None
    due_at: datetime | None
    routed_at: datetime | None
    answered_at: datetime | None
    """The first answer."""
    closed_at: datetime | None
    follows: UUID | None = None
    """The earlier appeal that this one continues; a continuation is not counted among first-time appeals."""
    confirmed: bool | None = None
    """Whether the applicant confirmed the outcome; None without an answer of the applicant."""
    score: int | None = None
    """The applicant's latest rating, 1 to 5."""
    proof: Proof | None = Field(default=None, sa_column=Column(EnumColumn(Proof)))
    """What is known of the solution from the applicant's own word; NULL for appeals without a proposal or a withdrawal."""
    decision: str | None = None
    """How sure the classifier was: auto, suggest or triage; None for what the applicant declared."""
    agreed: bool | None = None
    """Whether the first person who corrected or answered the appeal left kind and subject as they were; None before."""
    moved_at: datetime
    """The time of its latest event."""
    number: str | None = None
    """The registration number; None for appeals that were counted before this column existed, until the facts are built again."""
    extended: bool = False
    """The statutory term was extended."""
    reopened: bool = False
    held_by_fund: int = 0
    """Seconds that the Fund held it until its latest event: the sum of `dwell_seconds` of its transitions; likewise the next two."""
    held_by_provider: int = 0
    held_by_applicant: int = 0
    ended_on: date | None = None
    """The local day on which it was first answered or ended; None before. A reopening leaves it as it is."""
    protection: str | None = None
    """Why the appeal is protected (`Protection`); NULL for most."""
    reopening_id: UUID | None = None
    """The latest `Reopening` of it."""


class Reopening(AnalyticsModel, table=True):
    """A time in which an appeal waited again after it had been answered or had ended."""

    __table_args__: Any = (Index("ix_reopening_opened", "opened_on", "region"),)

    event_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    region: str
    opened_on: date
    ended_on: date | None
    """The local day on which it was answered or ended again; None before."""


class InquiryFact(AnalyticsModel, table=True):
    """An inquiry to a provider."""

    __tablename__ = "inquiry_fact"
    __table_args__: Any = (Index("ix_inquiry_sent", "sent_on", "region"),)

    inquiry_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    region: str
    """The region of the appeal."""
    provider_id: UUID
    category: str
    sent_at: datetime
    sent_on: date
    """The local day of `sent_at` in the region: the cohort of every figure."""
    due_at: datetime
    """By when the provider has to answer, with the time that was granted."""
    answered_at: datetime | None
    """The first answer."""
    late: bool
    """The first answer came after the due date."""
    cancelled: bool
    refusal_reason: str | None
    """Why the provider refused care, by its latest answer; None: it names no refusal."""
    refusal_lawful: bool | None
    """The clerk's finding on the refusal; None before."""


class CommitmentFact(AnalyticsModel, table=True):
    """A promise of a provider."""

    __tablename__ = "commitment_fact"
    __table_args__: Any = (Index("ix_commitment_due", "due_on", "region"),)

    commitment_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    region: str
    """The region of the appeal."""
    provider_id: UUID
    due_on: date
    """The local day by whose end the promise is to be fulfilled: the cohort of every figure."""
    result: CommitmentResult | None = Field(sa_column=Column(EnumColumn(CommitmentResult)))
    """None before the promise has a result."""


class Transition(AnalyticsModel, table=True):
    """An event of an appeal: who caused it, who held the appeal before and after, and how long the state before lasted."""

    event_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    type: str
    at: datetime = Field(index=True)
    actor_kind: ActorKind = Field(sa_column=Column(EnumColumn(ActorKind), nullable=False))
    holder_before: Holder | None = Field(sa_column=Column(EnumColumn(Holder)))
    holder_after: Holder = Field(sa_column=Column(EnumColumn(Holder), nullable=False))
    dwell_seconds: int | None
    """Seconds since the appeal's previous event; None for its first."""
    backward: bool
    """The appeal returned to an earlier stage or a lower tier."""


class Provider(AnalyticsModel, table=True):
    """A provider: its names, for labels, and what it is compared by."""

    provider_id: UUID = Field(primary_key=True)
    name_kk: str
    name_ru: str
    region: str
    district: str | None = None
    kind: str | None = None
    """The kind of organisation, a code of `provider_kinds.csv`; None until its directory entry is read again."""
    active: bool = True


class RatingFact(AnalyticsModel, table=True):
    """A resident's rating of a provider or of one of its doctors. Nothing says who."""

    __tablename__ = "rating_fact"
    __table_args__: Any = (Index("ix_rating_month", "month", "provider_id", "score"),)

    rating_id: UUID = Field(primary_key=True)
    provider_id: UUID
    score: int
    """1 to 5; the latest of a `rating_id` counts."""
    month: date
    """The first day of the month of the rating."""


class CallFact(AnalyticsModel, table=True):
    """A finished call to the telephone centre."""

    __tablename__ = "call_fact"
    __table_args__: Any = (Index("ix_call_offered", "offered_on", "region", "outcome", "waited_seconds", "talked_seconds"),)

    call_id: UUID = Field(primary_key=True)
    queue: str
    region: str | None
    offered_on: date
    """The local day of the call in its region, in Asia/Almaty without a region: the cohort of every figure."""
    outcome: CallOutcome = Field(sa_column=Column(EnumColumn(CallOutcome), nullable=False))
    waited_seconds: int
    talked_seconds: int


class SelfServed(AnalyticsModel, table=True):
    """A question that a published article answered before it was filed. It is no appeal and is never counted as one."""

    __tablename__ = "self_served"
    __table_args__: Any = (Index("ix_self_served", "served_on", "region"),)

    question_id: UUID = Field(primary_key=True)
    served_on: date
    """The local day in its region, in Asia/Almaty without a region: the cohort of the figure."""
    region: str | None
    channel: str
    language: str
    topic: str
    article_id: UUID


fact: Table = table_of(Fact)
reopening: Table = table_of(Reopening)
inquiry_fact: Table = table_of(InquiryFact)
commitment_fact: Table = table_of(CommitmentFact)
transition: Table = table_of(Transition)
provider: Table = table_of(Provider)
rating_fact: Table = table_of(RatingFact)
call_fact: Table = table_of(CallFact)
self_served: Table = table_of(SelfServed)
