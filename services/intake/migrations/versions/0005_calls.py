"""The telephone centre: calls, their events, call-backs and records of oral appeals."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("oral_record", "call_back", "call_event", "call")


def upgrade():
    op.add_column("appeal", sa.Column("phone_key", sa.LargeBinary()))
    reached = sa.text("phone_key IS NOT NULL")
    op.create_index("ix_appeal_phone_key", "appeal", ["phone_key"], sqlite_where=reached, postgresql_where=reached)
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("external", sa.LargeBinary(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("agent", sa.String()),
        sa.Column("caller", sa.LargeBinary()),
        sa.Column("caller_tail", sa.String()),
        sa.Column("number", sa.LargeBinary()),
        sa.Column("recording", sa.LargeBinary()),
        sa.Column("offered_at", UTCDateTime(), nullable=False),
        sa.Column("queued_at", UTCDateTime()),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("ended_at", UTCDateTime()),
        sa.Column("waited_seconds", sa.Integer(), nullable=False),
        sa.Column("talked_seconds", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String()),
        sa.Column("verified_by", sa.JSON()),
        sa.Column("heard_at", UTCDateTime(), nullable=False),
        sa.Column("told_at", UTCDateTime()),
    )
    op.create_index("ix_call_external", "call", ["external"], unique=True)
    op.create_index("ix_call_state", "call", ["state"])
    op.create_index("ix_call_offered_at", "call", ["offered_at"])
    op.create_index("ix_call_told", "call", ["told_at", "heard_at"])
    op.create_index("ix_call_agent", "call", ["agent", "offered_at"])
    op.create_table(
        "call_event",
        sa.Column("call_id", sa.Uuid(), primary_key=True),
        sa.Column("type", sa.String(), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
    )
    op.create_table(
        "call_back",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("caller_tail", sa.String(), nullable=False),
        sa.Column("number", sa.LargeBinary()),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("taken_by", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_call_back_call_id", "call_back", ["call_id"], unique=True)
    op.create_index("ix_call_back_state", "call_back", ["state", "received_at"])
    op.create_table(
        "oral_record",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("call_id", sa.Uuid()),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=False),
    )


def downgrade():
    for name in TABLES:
        op.drop_table(name)
    with op.batch_alter_table("appeal") as appeal:
        appeal.drop_index("ix_appeal_phone_key")
        appeal.drop_column("phone_key")
