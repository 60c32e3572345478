"""Overdue reports: who was shown a breached clock. Clocks that are breached already are reported by the next run of the job."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BREACHED = sa.text("state = 'BREACHED'")


def upgrade() -> None:
    op.create_table(
        "overdue_report",
        sa.Column("clock_id", sa.Uuid(), primary_key=True),
        sa.Column("level", sa.Integer(), primary_key=True),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_clock_breached", "clock", ["due_at", "clock_id"], sqlite_where=BREACHED, postgresql_where=BREACHED)
    op.execute("UPDATE clock SET next_at = due_at WHERE state = 'BREACHED'")


def downgrade() -> None:
    op.execute("UPDATE clock SET next_at = NULL WHERE state = 'BREACHED'")
    op.drop_index("ix_clock_breached", "clock")
    op.drop_table("overdue_report")
