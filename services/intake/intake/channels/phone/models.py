"""The tables of the phone channel: calls, their events, call-backs and the records of oral appeals."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from intake.base import IntakeModel
from intake.channels.phone.codes import (
    CallBackReason,
    CallBackState,
    CallDirection,
    CallEventType,
    CallOutcome,
    CallState,
)
from intake.channels.phone.schemas.rows import CallEventData
from shared.enum_column import EnumColumn


class Call(IntakeModel, table=True):
    """A call, summarised from its events so far. Phone numbers are keyed hashes or sealed."""

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_unpublished", "published_at", "received_at"), Index("ix_call_agent", "agent", "offered_at"))

    id: UUID = Field(primary_key=True)
    external: bytes = Field(index=True, unique=True)
    """Keyed hash of the exchange's own id."""
    direction: CallDirection = Field(sa_column=Column(EnumColumn(CallDirection), nullable=False))
    state: CallState = Field(sa_column=Column(EnumColumn(CallState), nullable=False, index=True))
    queue: str
    region: str | None
    agent: str | None
    """The subject of the operator's token, which is also the name of the queue member in the exchange."""
    caller: bytes | None
    """Keyed hash of the number; None: withheld."""
    caller_tail: str | None
    """The number with all digits but the last hidden."""
    number: bytes | None
    """Sealed; erased when it is certain that nobody calls back."""
    recording: bytes | None
    """Sealed: exchanges name recordings after phone numbers."""
    offered_at: datetime = Field(index=True)
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_seconds: int
    talked_seconds: int
    outcome: CallOutcome | None = Field(sa_column=Column(EnumColumn(CallOutcome)))
    verified_by: list[str] | None = Field(sa_column=Column(JSON))
    """Codes of the checks by which the operator verified the caller."""
    received_at: datetime
    """When the latest event was received, by the clock of this service."""
    published_at: datetime | None
    """When `call-ended` was published."""


class CallEvent(IntakeModel, table=True):
    """An event of the exchange; `data` holds codes, subjects and counts."""

    __tablename__ = "call_event"

    call_id: UUID = Field(primary_key=True)
    type: CallEventType = Field(sa_column=Column(EnumColumn(CallEventType), primary_key=True))
    seq: int = Field(primary_key=True)
    at: datetime
    data: CallEventData = Field(sa_column=Column(JSON, nullable=False))


class CallBack(IntakeModel, table=True):
    """A caller to be called back. The number is erased when the entry is closed."""

    __tablename__ = "call_back"
    __table_args__ = (Index("ix_call_back_state", "state", "received_at"),)

    id: UUID = Field(primary_key=True)
    call_id: UUID = Field(index=True, unique=True)
    reason: CallBackReason = Field(sa_column=Column(EnumColumn(CallBackReason), nullable=False))
    queue: str
    caller_tail: str
    number: bytes | None
    """Sealed."""
    received_at: datetime
    """The first ring. An appeal that is written down in the call-back counts as received then."""
    state: CallBackState = Field(sa_column=Column(EnumColumn(CallBackState), nullable=False))
    claimed_by: str | None
    """The subject of the operator's token."""
    attempts: int
    changed_at: datetime


class OralRecord(IntakeModel, table=True):
    """The record of an oral appeal (АППК art. 63(1)): who wrote it down, in which call, and when the caller confirmed it."""

    __tablename__ = "oral_record"

    appeal_id: UUID = Field(primary_key=True)
    call_id: UUID | None
    receiver: str
    """The subject of the operator's token."""
    confirmed_at: datetime


class HeldConsultation(IntakeModel, table=True):
    """A consultation closed by one key that is registered when its wait is over, unless the operator takes it back."""

    __tablename__ = "held_consultation"

    id: UUID = Field(primary_key=True)
    """The Idempotency-Key of the form."""
    operator: str
    """The subject of the operator's token."""
    topic: str
    due_at: datetime
    content: bytes
    """Sealed JSON object: the appeal and the terms of its admission, which name the operator."""


class Incident(IntakeModel, table=True):
    """A mass incident that a supervisor announced to the operators, with the answer for those who call about it."""

    __tablename__ = "incident"

    id: UUID = Field(primary_key=True)
    region: str | None
    """None: the whole country."""
    topic: str
    answer_kk: str
    answer_ru: str
    answer_en: str | None
    announced_by: str
    """The subject of the supervisor's token."""
    announced_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    """When it was ended by hand, before its time."""
    callers: int
    """Consultations closed as the same matter."""
