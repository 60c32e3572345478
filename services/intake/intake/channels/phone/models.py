"""The telephone centre: calls, what was heard of them, whom to call back, and the records of oral appeals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from intake.base import IntakeModel


class Call(IntakeModel, table=True):
    """A call as its events tell it so far; people's numbers are keyed hashes or sealed."""

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_told", "told_at", "heard_at"), Index("ix_call_agent", "agent", "offered_at"))

    id: UUID = Field(primary_key=True)
    external: bytes = Field(index=True, unique=True)
    """Keyed hash of the exchange's own id."""
    direction: str
    """`in`, or `out` for an operator who calls back."""
    state: str = Field(index=True)
    queue: str
    region: str | None
    agent: str | None
    """The subject of the operator's token, which is also the name of the member in the exchange."""
    caller: bytes | None
    """Keyed hash of the number; None: withheld."""
    caller_tail: str | None
    """The number with all but its end hidden."""
    number: bytes | None
    """Sealed, for as long as the caller may have to be called back."""
    recording: bytes | None
    """Sealed: exchanges name recordings after numbers."""
    offered_at: datetime = Field(index=True)
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_seconds: int
    talked_seconds: int
    outcome: str | None
    verified_by: list[str] | None = Field(sa_column=Column(JSON))
    """The checks by which the operator verified the caller."""
    heard_at: datetime
    """When the last event came in, by our clock."""
    told_at: datetime | None
    """When `call-ended` was emitted: once."""


class CallEvent(IntakeModel, table=True):
    """What the exchange said, once; `data` holds codes, subjects and counts."""

    __tablename__ = "call_event"

    call_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class CallBack(IntakeModel, table=True):
    """A caller to be called back; the number goes when that is done."""

    __tablename__ = "call_back"
    __table_args__ = (Index("ix_call_back_state", "state", "received_at"),)

    id: UUID = Field(primary_key=True)
    call_id: UUID = Field(index=True, unique=True)
    reason: str
    queue: str
    caller_tail: str
    number: bytes | None
    """Sealed."""
    received_at: datetime
    """The first ring: what is registered from it was received then."""
    state: str
    """OPEN, TAKEN, DONE or UNREACHED."""
    taken_by: str | None
    attempts: int
    changed_at: datetime


class OralRecord(IntakeModel, table=True):
    """The record of an oral appeal (АППК art. 63(1)): who wrote it down, in which call, and that it was read back and confirmed."""

    __tablename__ = "oral_record"

    appeal_id: UUID = Field(primary_key=True)
    call_id: UUID | None
    receiver: str
    """The subject of the operator's token."""
    confirmed_at: datetime
