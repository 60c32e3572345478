"""The tables of notifications."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from intake.base import IntakeModel
from intake.notifications.codes import DeliveryMethod, NotificationReason, NotificationState, Recipient
from shared.enum_column import EnumColumn


class Notification(IntakeModel, table=True):
    """A fact of an appeal to notify one recipient of by one delivery method, and its delivery. It never holds the content of the appeal."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "recipient", "channel", name="uq_notice_event_recipient_channel"),
        Index("ix_notice_due", "state", "due_at"),
        Index("ix_notice_phone", "phone_key", "sent_at"),
    )

    id: UUID = Field(primary_key=True)
    """Derived from the event, so that planning it again gives the same row. Receivers use it as an idempotency key."""
    appeal_id: UUID = Field(index=True)
    event_id: UUID
    recipient: Recipient = Field(sa_column=Column(EnumColumn(Recipient), nullable=False))
    channel: DeliveryMethod = Field(sa_column=Column(EnumColumn(DeliveryMethod), nullable=False))
    fact: str
    language: str | None
    """None: the language of the appeal."""
    address: bytes | None
    """Sealed: the address it was sent to; set before sending only for a code, which may go to no other address."""
    secret: bytes | None
    """Sealed: a one-time code; deleted once the notification was sent or has failed."""
    phone_key: bytes | None
    """Keyed hash of the phone number it was sent to; replies are matched by it."""
    state: NotificationState = Field(sa_column=Column(EnumColumn(NotificationState), nullable=False))
    reason: NotificationReason | None = Field(sa_column=Column(EnumColumn(NotificationReason), nullable=True))
    """Why it is not delivered."""
    attempts: int
    planned_at: datetime
    due_at: datetime
    """The time of the next attempt."""
    leased_by: UUID | None
    """The claim of the worker that sends it."""
    leased_until: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    provider_ref: str | None
    """The gateway's own id of the message (АППК art. 66(2): delivery is recorded)."""


class InboundMessage(IntakeModel, table=True):
    """The processed messages of applicants, as keyed hashes of their ids: each message is processed once."""

    __tablename__ = "inbound_message"

    key: bytes = Field(primary_key=True)
    at: datetime = Field(index=True)
