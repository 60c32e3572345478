"""Tables of the partner channel: the feed of updates, external numbers, subscriptions to webhooks and their deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field

from intake.base import IntakeModel

_Counter: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows automatically only for INTEGER

_READERS = {reader: text(f"{reader} IS NOT NULL") for reader in ("owner", "recipient", "channel")}
_NUMBERED, _UNNUMBERED = text("position IS NOT NULL"), text("position IS NULL")


class UpdateEntry(IntakeModel, table=True):
    """An event of an appeal that a partner, a backend or the applicant follows, one row per event: codes, ids and times.

    `id` follows the order of events of each appeal, but not the order of commits. `position` follows both: it is assigned once the row
    is committed.
    """

    __tablename__ = "update_entry"
    __table_args__ = (
        *(
            Index(f"ix_update_entry_{reader}", reader, "position", sqlite_where=is_read, postgresql_where=is_read)
            for reader, is_read in _READERS.items()
        ),
        Index("ix_update_entry_position", "position", unique=True, sqlite_where=_NUMBERED, postgresql_where=_NUMBERED),
        Index("ix_update_entry_unnumbered", "id", sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED),
    )

    id: int | None = Field(default=None, sa_column=Column(_Counter, primary_key=True, autoincrement=True))
    event_id: UUID = Field(unique=True)
    position: int | None = Field(sa_column=Column(BigInteger))
    appeal_id: UUID
    at: datetime
    type: str
    status: str
    holder: str
    body: str | None
    """Code of the body that the appeal was forwarded to, or its danger passed on to."""
    number: str | None
    owner: bytes | None
    """Owner of the appeal. This column and the next two decide who reads the entry; they are filled together with `position`."""
    recipient: bytes | None
    """Keyed hash of the partner that represents `body`."""
    channel: str | None
    """Channel of the appeal; the backend of the channel reads the entry."""


class UpdateCounter(IntakeModel, table=True):
    """The last position assigned: one row, locked by the transaction that assigns the next ones."""

    __tablename__ = "update_counter"

    id: int = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


class ExternalNumber(IntakeModel, table=True):
    """The number that a partner gave the appeal that it passed on."""

    __tablename__ = "external_number"

    appeal_id: UUID = Field(primary_key=True)
    key: bytes = Field(index=True, unique=True)
    """Keyed hash of partner and number."""
    number: bytes
    """Sealed."""


class Subscriber(IntakeModel, table=True):
    """A subscriber; the row is locked while its subscriptions are counted."""

    __tablename__ = "subscriber"

    key: bytes = Field(primary_key=True)
    """As `subscription.subscriber`."""


class Subscription(IntakeModel, table=True):
    """A subscription to webhooks of a partner or of the backend of a channel."""

    __tablename__ = "subscription"

    id: UUID = Field(primary_key=True)
    subscriber: bytes = Field(index=True)
    """Keyed hash of the token's subject, as `appeal.owner`."""
    channel: str | None
    """The channel, if the subscriber is its backend."""
    url: bytes
    """Sealed: a URL may contain a secret."""
    events: list[str] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    """Types of updates to send; None: all."""
    secret: bytes
    """Sealed."""
    former_secret: bytes | None
    """Sealed; signs together with the new one until `former_until`."""
    former_until: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    """A `DisabledReason`."""
    created_at: datetime


class Delivery(IntakeModel, table=True):
    """A delivery of an update to a subscriber."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_entry", "subscription_id", "position", unique=True),
        Index("ix_delivery_waiting", "subscription_id", "delivered_at", "next_at"),
        Index("ix_delivery_appeal", "appeal_id"),
    )

    id: UUID = Field(primary_key=True)
    subscription_id: UUID = Field(foreign_key="subscription.id")
    position: int = Field(sa_type=BigInteger)
    """Position of the update."""
    appeal_id: UUID
    attempts: int
    next_at: datetime
    leased_by: UUID | None
    """The claim of the worker that sends it."""
    leased_until: datetime | None
    last_status: int | None
    """HTTP status of the receiver's latest answer; None: it did not answer."""
    last_error: str | None
    """An `AttemptError`."""
    created_at: datetime
    delivered_at: datetime | None
