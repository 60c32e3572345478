"""The desk's tables, and the backbone's."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.messaging import tables

revision = "0001"
down_revision = None

OPEN = sa.text("closed_at IS NULL")
NUMBERED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade():
    op.create_table(
        "appeal_case",
        sa.Column("appeal_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String, nullable=False, unique=True),
        sa.Column("number_digits", sa.BigInteger, nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("statutory_form", sa.String, nullable=False),
        sa.Column("category", sa.String),
        sa.Column("topic", sa.String),
        sa.Column("tier", sa.Integer, nullable=False),
        sa.Column("urgency", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("queue", sa.String, nullable=False),
        sa.Column("assignee", sa.String),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("provider_id", sa.Uuid),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("classification", sa.JSON, nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("registered_at", UTCDateTime(), nullable=False),
        sa.Column("imported", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("closed_at", UTCDateTime()),
        sa.Column("next_due_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_case_due", "appeal_case", ["next_due_at", "appeal_id"])
    op.create_index("ix_case_region_due", "appeal_case", ["region", "next_due_at", "appeal_id"])
    op.create_index("ix_case_tier_due", "appeal_case", ["tier", "next_due_at", "appeal_id"])
    for name, columns in (
        ("ix_case_open_due", ["next_due_at", "appeal_id"]),
        ("ix_case_open_region", ["region", "next_due_at", "appeal_id"]),
        ("ix_case_open_tier", ["tier", "next_due_at", "appeal_id"]),
        ("ix_case_open_assignee", ["assignee", "next_due_at", "appeal_id"]),
    ):
        op.create_index(name, "appeal_case", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "clock",
        sa.Column("clock_id", sa.Uuid, primary_key=True),
        sa.Column("appeal_id", sa.Uuid, sa.ForeignKey("appeal_case.appeal_id"), nullable=False, index=True),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("statutory", sa.Boolean, nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("calendar_version", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("warn_at", UTCDateTime()),
        sa.Column("next_at", UTCDateTime(), index=True),
        sa.Column("stopped_at", UTCDateTime()),
    )
    op.create_table(
        "history",
        sa.Column("id", NUMBERED, primary_key=True, autoincrement=True),
        sa.Column("appeal_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Uuid, nullable=False, unique=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("actor_role", sa.String, nullable=False),
        sa.Column("actor", sa.String),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("ix_history_appeal", "history", ["appeal_id", "id"])
    op.create_table(
        "answer",
        sa.Column("answer_id", sa.Uuid, primary_key=True),
        sa.Column("appeal_id", sa.Uuid, nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("actor_role", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("appeal_id", sa.Uuid, nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_role", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
    )
    op.create_table(
        "content_read",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("reader", sa.String, nullable=False),
        sa.Column("on_behalf_of", sa.String),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("ids", sa.JSON, nullable=False),
    )
    tables.metadata.create_all(op.get_bind())
