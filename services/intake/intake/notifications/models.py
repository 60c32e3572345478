"""What leaves for applicants."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from intake.base import IntakeModel

CODES: Final = frozenset({"code", "withdrawal-code"})  # the facts that carry a one-time code


class Notice(IntakeModel, table=True):
    """A thing to tell somebody on one channel, and what became of it. Never a word of the matter."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "recipient", "channel", name="uq_notice_event_recipient_channel"),
        Index("ix_notice_due", "state", "due_at"),
        Index("ix_notice_phone", "phone_key", "sent_at"),
    )

    id: UUID = Field(primary_key=True)
    """Follows from the event: planned again, it is the same row. A receiver's key against doubles."""
    appeal_id: UUID = Field(index=True)
    event_id: UUID
    recipient: str
    channel: str
    """ANY until one is chosen when it is sent."""
    fact: str
    language: str | None
    """None: that of the appeal."""
    address: bytes | None
    """Sealed: where it went; beforehand only where it may go nowhere else."""
    secret: bytes | None
    """Sealed: a code to be told; gone once it is."""
    phone_key: bytes | None
    """Keyed hash of the telephone it went to, to know an answer by."""
    state: str
    reason: str | None
    """Why it is not delivered, as a code."""
    attempts: int
    planned_at: datetime
    due_at: datetime
    """When to try (again); while a worker has it in hand: when another may take it for lost."""
    sent_at: datetime | None
    delivered_at: datetime | None
    provider_ref: str | None
    """The gateway's own id of the message (АППК art. 66(2): delivery is recorded)."""


class InboundMessage(IntakeModel, table=True):
    """Messages that came back, under keyed hashes of their ids: each counts once."""

    __tablename__ = "inbound_message"

    key: bytes = Field(primary_key=True)
    at: datetime = Field(index=True)
