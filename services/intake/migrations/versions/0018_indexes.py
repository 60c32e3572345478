"""Indexes that no query needs go, and updates of tracking rows stay on their page.

- The outbox is read and deleted by `id`; its index of event ids served no query.
- Nothing seeks entries of the audit log by their time.
- An update has no reader and no position until it gets them together: the indexes hold it from then on, and the search for updates
  without a position has a small index of its own.
- The foreign key of `tracking` cost a query and, on PostgreSQL, a lock of the appeal for every row, which the same transaction inserts.
- PostgreSQL: a tracking row is updated some times, mostly soon after its insertion. With a sixth of each page left free more new
  versions fit on the page of the old one, and no index changes: 75 % of the updates of 20 000 appeals, 63 % on full pages.
"""

import sqlalchemy as sa
from alembic import op

from shared.messaging import tables

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FORMER_NAMES = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}  # as PostgreSQL named what SQLite left without a name
READERS = ("owner", "recipient", "channel")
NUMBERED, UNNUMBERED = sa.text("position IS NOT NULL"), sa.text("position IS NULL")


def upgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("tracking", naming_convention=FORMER_NAMES) as tracking:
        tracking.drop_constraint("tracking_appeal_id_fkey", type_="foreignkey")
    tables.drop_unique_event_ids(op)
    if not is_sqlite:
        op.execute("ALTER TABLE tracking SET (fillfactor = 84)")
    op.drop_index("ix_content_read_at", "content_read")
    for reader in READERS:
        read = sa.text(f"{reader} IS NOT NULL")
        op.drop_index(f"ix_update_entry_{reader}", "update_entry")
        op.create_index(f"ix_update_entry_{reader}", "update_entry", [reader, "position"], sqlite_where=read, postgresql_where=read)
    op.drop_index("ix_update_entry_position", "update_entry")
    op.create_index("ix_update_entry_position", "update_entry", ["position"], unique=True, sqlite_where=NUMBERED, postgresql_where=NUMBERED)
    op.create_index("ix_update_entry_unnumbered", "update_entry", ["id"], sqlite_where=UNNUMBERED, postgresql_where=UNNUMBERED)


def downgrade():
    op.drop_index("ix_update_entry_unnumbered", "update_entry")
    op.drop_index("ix_update_entry_position", "update_entry")
    op.create_index("ix_update_entry_position", "update_entry", ["position"], unique=True)
    for reader in READERS:
        op.drop_index(f"ix_update_entry_{reader}", "update_entry")
        op.create_index(f"ix_update_entry_{reader}", "update_entry", [reader, "position"])
    op.create_index("ix_content_read_at", "content_read", ["at"])
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE tracking RESET (fillfactor)")
    with op.batch_alter_table("tracking") as tracking:
        tracking.create_foreign_key("tracking_appeal_id_fkey", "appeal", ["appeal_id"], ["id"])
