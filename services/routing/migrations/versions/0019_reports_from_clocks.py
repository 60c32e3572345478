"""Overdue reports follow from the state of the clocks: a breached clock is reported, to the head too once the job need not process it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SUPERVISOR = "INSERT INTO overdue_report (clock_id, level, reported_at) SELECT clock_id, 1, due_at FROM clock WHERE state = 'BREACHED'"
HEAD = """
    INSERT INTO overdue_report (clock_id, level, reported_at)
    SELECT clock_id, 2, due_at FROM clock WHERE state = 'BREACHED' AND next_at IS NULL
"""


def upgrade() -> None:
    op.drop_table("overdue_report")


def downgrade() -> None:
    op.create_table(
        "overdue_report",
        sa.Column("clock_id", sa.Uuid(), primary_key=True),
        sa.Column("level", sa.Integer(), primary_key=True),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
    )
    op.execute(SUPERVISOR)
    op.execute(HEAD)
