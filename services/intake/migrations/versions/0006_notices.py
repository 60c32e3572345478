"""What leaves for applicants."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("language", sa.String()),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime()),
        sa.Column("delivered_at", UTCDateTime()),
        sa.Column("provider_ref", sa.String()),
        sa.UniqueConstraint("event_id", "recipient", "channel", name="uq_notice_event_recipient_channel"),
    )
    op.create_index("ix_notice_appeal_id", "notice", ["appeal_id"])
    op.create_index("ix_notice_due", "notice", ["state", "due_at"])
    op.create_index("ix_notice_phone", "notice", ["phone_key", "sent_at"])
    op.create_table(
        "inbound_message",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_inbound_message_at", "inbound_message", ["at"])


def downgrade():
    op.drop_table("inbound_message")
    op.drop_table("notice")
