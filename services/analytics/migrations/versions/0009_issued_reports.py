"""Issued reports: the figures of a report as they were when it was issued."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'QUEUED'")


def upgrade() -> None:
    op.create_table(
        "issued_report",
        sa.Column("report_id", sa.Uuid(), primary_key=True),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("period", AutoString(), nullable=False),
        sa.Column("compare", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("ordered_at", UTCDateTime(), nullable=False),
        sa.Column("claimed_until", UTCDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("issue", sa.Integer()),
        sa.Column("issued_at", UTCDateTime()),
        sa.Column("content", sa.JSON()),
        sa.Column("previous", sa.JSON()),
        sa.Column("contradictions", sa.JSON()),
    )
    columns = ["region", "period", "compare"]
    op.create_index("uq_issued_report_issue", "issued_report", [*columns, "issue"], unique=True)
    op.create_index("uq_issued_report_queued", "issued_report", columns, unique=True, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
    op.create_index("ix_issued_report_ordered", "issued_report", ["ordered_at"])


def downgrade() -> None:
    op.drop_table("issued_report")
