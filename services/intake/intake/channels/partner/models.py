"""Feeds of what happened to appeals, numbers that partners gave them, and webhooks: subscriptions and what is sent under them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Integer
from sqlalchemy.types import TypeEngine
from sqlmodel import Field

from intake.base import IntakeModel

_Counter: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under INTEGER


class UpdateEntry(IntakeModel, table=True):
    """What happened to an appeal that somebody follows from outside, an event a row: codes, ids and times.

    `id` is in the order of events under each appeal, not in the order of commits; `position` is both, given once the row is committed.
    """

    __tablename__ = "update_entry"
    __table_args__ = (
        Index("ix_update_entry_owner", "owner", "position"),
        Index("ix_update_entry_recipient", "recipient", "position"),
        Index("ix_update_entry_channel", "channel", "position"),
    )

    id: int | None = Field(default=None, sa_column=Column(_Counter, primary_key=True, autoincrement=True))
    event_id: UUID = Field(unique=True)
    position: int | None = Field(sa_column=Column(BigInteger, index=True, unique=True))
    appeal_id: UUID
    at: datetime
    type: str
    status: str
    holder: str
    body: str | None
    """The body it was forwarded to, or its danger passed on to, as a code."""
    number: str | None
    owner: bytes | None
    """As the appeal's; this and the next two say who reads the entry, and are filled together with `position`."""
    recipient: bytes | None
    """Keyed hash of the partner who speaks for `body`."""
    channel: str | None
    """The channel whose backend reads along."""


class UpdateCounter(IntakeModel, table=True):
    """The last position given; one row, locked by whoever gives the next ones."""

    __tablename__ = "update_counter"

    id: int = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


class ExternalNumber(IntakeModel, table=True):
    """The number under which a partner keeps the appeal that it passed on."""

    __tablename__ = "external_number"

    appeal_id: UUID = Field(primary_key=True)
    key: bytes = Field(index=True, unique=True)
    """Keyed hash of partner and number."""
    number: bytes
    """Sealed."""


class Subscriber(IntakeModel, table=True):
    """Somebody who has subscribed; the row is locked while one more subscription is counted."""

    __tablename__ = "subscriber"

    key: bytes = Field(primary_key=True)
    """As `subscription.subscriber`."""


class Subscription(IntakeModel, table=True):
    """Where a partner, or the backend of a channel, wants updates sent."""

    __tablename__ = "subscription"

    id: UUID = Field(primary_key=True)
    subscriber: bytes = Field(index=True)
    """Keyed hash of the token's subject, as `appeal.owner`."""
    channel: str | None
    """The channel whose backend this is."""
    url: bytes
    """Sealed: an address may carry a secret."""
    events: list[str] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    """Types of updates that are wanted; None: all."""
    secret: bytes
    """Sealed."""
    former_secret: bytes | None
    """Sealed; signs beside the new one until `former_until`."""
    former_until: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    created_at: datetime


class Delivery(IntakeModel, table=True):
    """An update on its way to a subscriber, or arrived there."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_entry", "subscription_id", "position", unique=True),
        Index("ix_delivery_waiting", "subscription_id", "delivered_at", "next_at"),
        Index("ix_delivery_appeal", "appeal_id"),
    )

    id: UUID = Field(primary_key=True)
    subscription_id: UUID = Field(foreign_key="subscription.id")
    position: int = Field(sa_type=BigInteger)
    """Of the update."""
    appeal_id: UUID
    attempts: int
    next_at: datetime
    last_status: int | None
    """The receiver's latest HTTP status; None: it did not answer."""
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
