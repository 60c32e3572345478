"""The tables of the desk. Codes, ids and times; the only words kept here are the Fund's own answers, and those are sealed."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, MetaData, text
from sqlmodel import Field, SQLModel

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""When nothing is due any more: finished cases come last in every list, and are never overdue."""

RUNNING, WARNED, BREACHED = "RUNNING", "WARNED", "BREACHED"
MET, MISSED, REPLACED = "MET", "MISSED", "REPLACED"
ACTIVE: Final = (RUNNING, WARNED, BREACHED)
"""The states of a clock while its case is not answered."""

_OPEN: Final = text("closed_at IS NULL")
_Numbered = BigInteger().with_variant(Integer, "sqlite")


class RoutingModel(SQLModel):
    metadata = MetaData()


class AppealCase(RoutingModel, table=True):
    """One appeal on the desk. `version` grows with every change that a clerk may have to know of before acting."""

    __tablename__ = "appeal_case"
    # Work lists ask for open cases only: their indexes stay small however much history there is.
    __table_args__ = (
        Index("ix_case_due", "next_due_at", "appeal_id"),
        Index("ix_case_region_due", "region", "next_due_at", "appeal_id"),
        Index("ix_case_tier_due", "tier", "next_due_at", "appeal_id"),
        Index("ix_case_open_due", "next_due_at", "appeal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_case_open_region", "region", "next_due_at", "appeal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_case_open_tier", "tier", "next_due_at", "appeal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_case_open_assignee", "assignee", "next_due_at", "appeal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    appeal_id: UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    number_digits: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    """The number's digits as one integer: what somebody has typed so far is a range of them."""
    serial: int = Field(index=True)
    """The seven digits before the check digit, by which the end of a number is found."""
    version: int = 1
    status: str
    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: str
    holder: str
    queue: str
    assignee: str | None
    """The subject of the token of whoever has it; who that is, the identity provider knows."""
    region: str
    provider_id: UUID | None
    language: str
    channel: str
    classification: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What the classifier said when the case was opened; corrections stand in their own table."""
    received_at: datetime
    registered_at: datetime
    imported: bool
    outcome: str | None
    closed_at: datetime | None
    follows: UUID | None = None
    """The earlier appeal that goes on in this one."""
    answer_by: str | None = None
    """The way on which the applicant wants the answer."""
    anonymous: bool = False
    danger: str | None = None
    """The rule of `dangers.csv` under which it is passed on at once."""
    redirected_to: str | None = None
    """The body that a clerk has told of the danger."""
    answer_id: UUID | None = None
    """The latest answer."""
    answer_outcome: str | None = None
    """What the case ends with if the applicant is content with that answer."""
    has_news: bool = False
    """The applicant wrote, and no clerk has done anything since."""
    fix_passed: bool = False
    """The time to complete the appeal is over, and nothing came."""
    score: int | None = None
    next_due_at: datetime
    """The earliest due moment of the clocks that run, NEVER without one."""


class Colleague(RoutingModel, table=True):
    """Somebody on the staff who was seen at the desk, with the claims of the latest token."""

    subject: str = Field(primary_key=True)
    name: str | None
    role: str
    region: str | None
    seen_on: date
    """The day of the latest visit that was recorded."""


class CaseClock(RoutingModel, table=True):
    """A term that runs on a case; it is never stored as a remainder."""

    __tablename__ = "clock"

    clock_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True, foreign_key="appeal_case.appeal_id")
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    calendar_version: str
    state: str
    """One of ACTIVE; MET or MISSED once the case was answered; REPLACED by the clock of another rule."""
    warn_at: datetime | None
    next_at: datetime | None = Field(index=True)
    """When the clock worker has to look at it again."""
    stopped_at: datetime | None


class History(RoutingModel, table=True):
    """What happened to a case: a type and codes; the words are put to it when it is read."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_appeal", "appeal_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(_Numbered, primary_key=True, autoincrement=True))
    appeal_id: UUID
    source: UUID = Field(unique=True)
    """The event, or the action, that it tells of: told once."""
    at: datetime
    type: str
    actor_role: str
    actor: str | None
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Answer(RoutingModel, table=True):
    """The Fund's answer; `content` is a sealed `schemas.AnswerContent`."""

    __tablename__ = "answer"

    answer_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class Letter(RoutingModel, table=True):
    """The desk's own words to the applicant beside answers: a question, what is missing. `content` is a sealed `schemas.LetterContent`."""

    __tablename__ = "letter"

    letter_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class Correction(RoutingModel, table=True):
    """A person's correction of the classification: what it was and what it became, as codes."""

    __tablename__ = "correction"

    id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    actor_role: str
    actor: str
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ContentRead(RoutingModel, table=True):
    """Who read which answers, on whose behalf and what for."""

    __tablename__ = "content_read"

    id: UUID = Field(primary_key=True)
    at: datetime
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
