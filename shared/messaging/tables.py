"""Messaging tables. Every service has them in its database, created by its migrations."""

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Uuid
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

if TYPE_CHECKING:
    from alembic.operations import Operations

metadata = MetaData()
_Counter: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in columns of type INTEGER

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False),
    Column("topic", String, nullable=False),
    Column("key", String, nullable=False),
    Column("type", String, nullable=False),
    Column("time", UTCDateTime(), nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("traceparent", String),
    Column("value", LargeBinary, nullable=False),
)

relay_lease = Table(
    "relay_lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires_at", UTCDateTime(), nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("applied_at", UTCDateTime(), nullable=False, index=True),
)

consumer_offset = Table(
    "consumer_offset",
    metadata,
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("topic_id", String, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", String, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("reason", String, nullable=False),
    Column("poison", Integer, nullable=False),
    Column("parked_at", UTCDateTime(), nullable=False),
    Index("ix_dead_letter_key", "key"),
    Index("ux_dead_letter_position", "topic", "partition", "offset", unique=True),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", UTCDateTime(), nullable=False, index=True),
)


def drop_unique_event_ids(operations: "Operations") -> None:
    """Drop the constraint that earlier versions created on `outbox.event_id`. For the migration that every service has."""
    if operations.get_bind().dialect.name == "sqlite":
        with operations.batch_alter_table("outbox", recreate="always", copy_from=outbox):
            pass
    else:
        operations.execute("ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_event_id_key")
