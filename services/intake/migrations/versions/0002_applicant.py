"""What applicants add to their appeals: messages, statements, codes, ratings."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = UTCDateTime()


def upgrade():
    with op.batch_alter_table("appeal") as appeal:
        appeal.add_column(sa.Column("particulars", sa.LargeBinary()))
        appeal.add_column(sa.Column("answer_by", sa.String()))
        appeal.add_column(sa.Column("follows", sa.Uuid()))
    with op.batch_alter_table("tracking") as tracking:
        tracking.add_column(sa.Column("kind", sa.String()))
        tracking.add_column(sa.Column("verdict", sa.String()))
        tracking.add_column(sa.Column("score", sa.Integer()))
        tracking.add_column(sa.Column("followed_by", sa.Uuid()))
        tracking.add_column(sa.Column("contact_confirmed_at", TIME))
    op.execute("UPDATE tracking SET kind = (SELECT kind FROM appeal WHERE appeal.id = tracking.appeal_id)")
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("due_at", TIME),
    )
    op.create_index("ix_message_appeal", "message", ["appeal_id", "at"])
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by", sa.String()),
        sa.Column("note", sa.LargeBinary()),
    )
    op.create_index("ix_withdrawal_appeal_id", "withdrawal", ["appeal_id"])
    op.create_index("ix_withdrawal_state", "withdrawal", ["state"])
    op.create_table(
        "contact_code",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sa.Column("contact_kind", sa.String(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", TIME),
    )
    for column in ("appeal_id", "contact", "sent_at"):
        op.create_index(f"ix_contact_code_{column}", "contact_code", [column])


def downgrade():
    for table in ("contact_code", "withdrawal", "message"):
        op.drop_table(table)
    with op.batch_alter_table("tracking") as tracking:
        for column in ("contact_confirmed_at", "followed_by", "score", "verdict", "kind"):
            tracking.drop_column(column)
    with op.batch_alter_table("appeal") as appeal:
        appeal.drop_column("follows")
        appeal.drop_column("answer_by")
        appeal.drop_column("particulars")
