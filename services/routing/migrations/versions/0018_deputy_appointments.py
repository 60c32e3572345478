"""Appointments of deputies stay stored with their end; the index of extension requests holds those that wait for a decision alone."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ASKED = sa.text("extension_id IS NOT NULL")
WAITING = sa.text("extension_id IS NOT NULL AND answer_id IS NULL AND closed_at IS NULL")
KEEP = """
    INSERT INTO deputy_appointment (region, subject, until, appointed_by, appointed_at)
    SELECT region, subject, until, appointed_by, appointed_at FROM deputy
"""
RETURN = """
    INSERT INTO deputy (region, subject, until, appointed_by, appointed_at)
    SELECT region, subject, until, appointed_by, appointed_at FROM deputy_appointment WHERE ended_at IS NULL
"""


def upgrade() -> None:
    op.create_table("deputy_appointment", *_columns(), sa.Column("ended_at", UTCDateTime()))
    op.execute(KEEP)
    op.drop_table("deputy")
    _renew_index(WAITING)


def downgrade() -> None:
    _renew_index(ASKED)
    op.create_table("deputy", *_columns(is_history=False))
    op.execute(RETURN)
    op.drop_table("deputy_appointment")


def _columns(*, is_history: bool = True) -> list[sa.Column]:
    return [
        sa.Column("region", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("appointed_by", sa.String(), nullable=False),
        sa.Column("appointed_at", UTCDateTime(), nullable=False, primary_key=is_history),
    ]


def _renew_index(condition: sa.TextClause) -> None:
    op.drop_index("ix_case_extension", "appeal_case")
    op.create_index("ix_case_extension", "appeal_case", ["next_due_at", "appeal_id"], sqlite_where=condition, postgresql_where=condition)
