"""Capacity, skills, shifts and absences of staff, the queues whose cases are assigned by rule, and deputies from a day on."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

WAITING = sa.text("closed_at IS NULL AND assignee IS NULL")
OF_STAFF = ("absences", "capacity", "languages", "tiers", "shifts", "left_at")


def upgrade() -> None:
    op.add_column("colleague", sa.Column("absences", sa.JSON()))
    op.add_column("colleague", sa.Column("capacity", sa.Integer()))
    op.add_column("colleague", sa.Column("languages", sa.JSON()))
    op.add_column("colleague", sa.Column("tiers", sa.JSON()))
    op.add_column("colleague", sa.Column("shifts", sa.JSON()))
    op.add_column("colleague", sa.Column("left_at", UTCDateTime()))
    op.add_column("deputy_appointment", sa.Column("starts_on", sa.Date()))
    op.create_table(
        "queue_setting",
        sa.Column("queue", sa.String(), primary_key=True),
        sa.Column("region", sa.String(), nullable=False, index=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_case_waiting", "appeal_case", ["queue", "next_due_at", "appeal_id"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_index("ix_case_waiting", "appeal_case")
    op.drop_table("queue_setting")
    with op.batch_alter_table("deputy_appointment") as appointment:
        appointment.drop_column("starts_on")
    with op.batch_alter_table("colleague") as colleague:
        for name in OF_STAFF:
            colleague.drop_column(name)
