"""The outbox is read and deleted by its key `id`; its index of event ids served no query and goes."""

from alembic import op

from shared.messaging import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.drop_unique_event_ids(op)


def downgrade() -> None:
    """Nothing: an earlier version works without the index."""
