"""Conversations of the Telegram bot."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("bot_duty", "bot_message", "bot_chat", "bot_update")


def upgrade():
    op.create_table(
        "bot_update",
        sa.Column("update_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("chat", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("handled_at", UTCDateTime()),
    )
    op.create_index("ix_bot_update_chat", "bot_update", ["chat", "state"])
    op.create_index("ix_bot_update_received_at", "bot_update", ["received_at"])
    op.create_table(
        "bot_chat",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("chat_id", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String()),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("draft", sa.LargeBinary()),
        sa.Column("last_update_id", sa.BigInteger()),
        sa.Column("start", sa.LargeBinary()),
        sa.Column("settled_id", sa.BigInteger()),
        sa.Column("last_message", sa.Integer(), nullable=False),
        sa.Column("touched_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("leased_by", sa.Uuid()),
        sa.Column("leased_until", UTCDateTime()),
        sa.Column("send_after", UTCDateTime()),
        sa.Column("blocked_at", UTCDateTime()),
    )
    op.create_index("ix_bot_chat_owner", "bot_chat", ["owner"], unique=True)
    op.create_index("ix_bot_chat_touched_at", "bot_chat", ["touched_at"])
    op.create_index("ix_bot_chat_due_at", "bot_chat", ["due_at"])
    op.create_table(
        "bot_message",
        sa.Column("chat", sa.LargeBinary(), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("notice", sa.Uuid()),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime()),
    )
    op.create_index("ix_bot_message_waiting", "bot_message", ["state", "due_at"])
    op.create_index("ix_bot_message_notice", "bot_message", ["notice"])
    op.create_table(
        "bot_duty",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("next_update", sa.BigInteger()),
    )


def downgrade():
    for table in TABLES:
        op.drop_table(table)
