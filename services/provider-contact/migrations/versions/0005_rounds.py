"""Rounds, clocks and steps of inquiries; structured, late and repeated answers; what happened to an inquiry; the refusals.

A process of the version before may run meanwhile: what it inserts gets the defaults, and the job plans the steps of its inquiries.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BEGINNING = "1970-01-01 00:00:00.000000"
REFUSAL = sa.text("refusal_reason IS NOT NULL")
INQUIRY = ("flags", "next_step_at", "last_step", "escalated_to", "reminded_at", "time_asked_until", "clock", "answered_at", "round")
RESPONSE = ("sender", "method", "refusal_lawful", "refusal_rule", "refusal_reason", "answers", "counts", "late", "round")


def upgrade() -> None:
    with op.batch_alter_table("inquiry") as inquiry:
        inquiry.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default=sa.text("1")))
        inquiry.add_column(sa.Column("answered_at", UTCDateTime()))
        inquiry.add_column(sa.Column("clock", AutoString(), nullable=False, server_default="PROVIDER_REPLY"))
        inquiry.add_column(sa.Column("time_asked_until", sa.Date()))
        inquiry.add_column(sa.Column("reminded_at", UTCDateTime()))
        inquiry.add_column(sa.Column("escalated_to", AutoString()))
        inquiry.add_column(sa.Column("last_step", AutoString()))
        inquiry.add_column(sa.Column("next_step_at", UTCDateTime(), server_default=BEGINNING))
        inquiry.add_column(sa.Column("flags", sa.JSON(), nullable=False, server_default="[]"))
    op.drop_index("ix_inquiry_late", "inquiry")
    op.create_index("ix_inquiry_step", "inquiry", ["settled", "next_step_at"])
    with op.batch_alter_table("response") as response:
        response.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default=sa.text("1")))
        response.add_column(sa.Column("late", sa.Boolean(), nullable=False, server_default=sa.false()))
        response.add_column(sa.Column("counts", sa.Boolean(), nullable=False, server_default=sa.true()))
        response.add_column(sa.Column("answers", sa.LargeBinary()))
        response.add_column(sa.Column("refusal_reason", AutoString()))
        response.add_column(sa.Column("refusal_rule", sa.LargeBinary()))
        response.add_column(sa.Column("refusal_lawful", sa.Boolean()))
        response.add_column(sa.Column("method", AutoString(), nullable=False, server_default="PORTAL"))
        response.add_column(sa.Column("sender", AutoString()))
    op.create_index("ix_response_inquiry", "response", ["inquiry_id", "at", "response_id"])
    op.create_index("ix_response_refusal", "response", ["at", "response_id"], postgresql_where=REFUSAL, sqlite_where=REFUSAL)
    op.create_table(
        "inquiry_entry",
        sa.Column("entry_id", sa.Uuid(), primary_key=True),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("actor_role", AutoString()),
        sa.Column("actor", AutoString()),
        sa.Column("code", AutoString()),
        sa.Column("day", sa.Date()),
        sa.Column("content", sa.LargeBinary()),
    )
    op.create_index("ix_inquiry_entry", "inquiry_entry", ["inquiry_id", "at", "entry_id"])


def downgrade() -> None:
    op.drop_table("inquiry_entry")
    op.drop_index("ix_response_refusal", "response")
    op.drop_index("ix_response_inquiry", "response")
    with op.batch_alter_table("response") as response:
        for column in RESPONSE:
            response.drop_column(column)
    op.drop_index("ix_inquiry_step", "inquiry")
    op.create_index("ix_inquiry_late", "inquiry", ["settled", "overdue", "due_at"])
    with op.batch_alter_table("inquiry") as inquiry:
        for column in INQUIRY:
            inquiry.drop_column(column)
