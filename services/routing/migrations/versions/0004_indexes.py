"""Indexes that no query needs go.

- Nothing reads corrections by their case.
- The outbox is read and deleted by `id`; its index of event ids served no query.
- A registration number is sought by its digits, which are as unique as the number itself: one index of the two is enough.
- The foreign key of `clock` cost a query and, on PostgreSQL, a lock of the case for every clock, which the same transaction inserts.
- The job of the clocks seeks those that wait; stopped clocks leave its index.
"""

import sqlalchemy as sa
from alembic import op

from shared.messaging import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FORMER_NAMES = {  # as PostgreSQL named what SQLite left without a name
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_name)s_key",
}
WAITING = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    tables.drop_unique_event_ids(op)
    op.drop_index("ix_correction_appeal_id", "correction")
    op.drop_index("ix_appeal_case_number_digits", "appeal_case")
    op.create_index("ix_appeal_case_number_digits", "appeal_case", ["number_digits"], unique=True)
    op.drop_index("ix_clock_next_at", "clock")
    op.create_index("ix_clock_next_at", "clock", ["next_at"], sqlite_where=WAITING, postgresql_where=WAITING)
    with op.batch_alter_table("clock", naming_convention=FORMER_NAMES) as clock:  # first: SQLite replaces both tables
        clock.drop_constraint("clock_appeal_id_fkey", type_="foreignkey")
    with op.batch_alter_table("appeal_case", naming_convention=FORMER_NAMES) as case:
        case.drop_constraint("appeal_case_number_key", type_="unique")


def downgrade() -> None:
    op.create_index("ix_correction_appeal_id", "correction", ["appeal_id"])
    op.drop_index("ix_appeal_case_number_digits", "appeal_case")
    op.create_index("ix_appeal_case_number_digits", "appeal_case", ["number_digits"])
    op.drop_index("ix_clock_next_at", "clock")
    op.create_index("ix_clock_next_at", "clock", ["next_at"])
    with op.batch_alter_table("appeal_case") as case:
        case.create_unique_constraint("appeal_case_number_key", ["number"])
    with op.batch_alter_table("clock") as clock:
        clock.create_foreign_key("clock_appeal_id_fkey", "appeal_case", ["appeal_id"], ["appeal_id"])
