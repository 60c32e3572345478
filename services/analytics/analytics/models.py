"""The grains and the names of providers. Codes, ids, times and counts only; everything comes from events."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Index, MetaData, Table, text
from sqlmodel import Field, SQLModel

_ANSWERED: Final = text("answered_at IS NOT NULL")
_RATED: Final = text("score IS NOT NULL")


class AnalyticsModel(SQLModel):
    """Base of this service's tables."""

    metadata = MetaData()


class Fact(AnalyticsModel, table=True):
    """An appeal as it is known now. Kind, category, topic, tier and language are routing's current ones, before routing the declared."""

    # Each figure is answered from one of the first three without touching the table: half a year's 474 708 rows within 65 ms on SQLite.
    # `repository` groups along their order.
    __table_args__: Any = (
        Index("ix_fact_received", "received_on", "channel", "kind", "region", "follows"),
        Index("ix_fact_subject", "kind", "received_on", "topic", "region", "category", "provider_id", "follows"),
        Index("ix_fact_result", "received_on", "region", "outcome", "tier", "kind", "follows"),
        Index("ix_fact_rated", "received_on", "region", "kind", "score", sqlite_where=_RATED, postgresql_where=_RATED),
        Index("ix_fact_open", "status", "urgency"),
        Index("ix_fact_answered", "answered_at", "due_at", sqlite_where=_ANSWERED, postgresql_where=_ANSWERED),
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
    status: str
    outcome: str | None
    received_at: datetime
    received_on: date
    """The day of `received_at` in the region's own time: the cohort of every figure."""
    registered_at: datetime | None
    due_at: datetime | None
    routed_at: datetime | None
    answered_at: datetime | None
    """The first answer."""
    closed_at: datetime | None
    follows: UUID | None = None
    """The earlier appeal that goes on in this one, which is not counted again among first-time appeals."""
    confirmed: bool | None = None
    """Whether the applicant said that the answer settles the matter; None while nothing was said."""
    score: int | None = None
    """1 to 5, the applicant's latest rating."""
    moved_at: datetime
    """When its latest event happened."""


class Transition(AnalyticsModel, table=True):
    """An event of an appeal's life: who acted, who held it before and after, and how long the state before had lasted."""

    event_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    type: str
    at: datetime = Field(index=True)
    actor_kind: str
    holder_before: str | None
    holder_after: str
    dwell_seconds: int | None
    """Seconds since the appeal's previous event; None for its first."""
    backward: bool
    """The appeal went back to an earlier stage or down to a lower tier."""


class Provider(AnalyticsModel, table=True):
    """A provider's names, for labels."""

    provider_id: UUID = Field(primary_key=True)
    name_kk: str
    name_ru: str
    region: str


class CallFact(AnalyticsModel, table=True):
    """A call to the telephone centre that is over."""

    __tablename__ = "call_fact"
    __table_args__: Any = (Index("ix_call_offered", "offered_on", "region", "outcome", "waited_seconds", "talked_seconds"),)

    call_id: UUID = Field(primary_key=True)
    queue: str
    region: str | None
    offered_on: date
    """The day on which it came in, in the region's own time (none: Asia/Almaty): the cohort of every figure."""
    outcome: str
    waited_seconds: int
    talked_seconds: int


fact: Table = Fact.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
transition: Table = Transition.__table__  # type: ignore[attr-defined]
provider: Table = Provider.__table__  # type: ignore[attr-defined]
call_fact: Table = CallFact.__table__  # type: ignore[attr-defined]
