"""Indexes that no query needs go.

- The outbox is read and deleted by its key `id`; its index of event ids served no query.
- Responses are read by their own key, deliveries and the audit log are only written.
"""

from alembic import op

from shared.messaging import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DROPPED = {"ix_response_inquiry_id": "inquiry_id", "ix_delivery_inquiry_id": "inquiry_id", "ix_content_read_at": "at"}


def upgrade() -> None:
    tables.drop_unique_event_ids(op)
    for name in DROPPED:
        op.drop_index(name, _table(name))


def downgrade() -> None:
    for name, column in DROPPED.items():
        op.create_index(name, _table(name), [column])


def _table(index: str) -> str:
    return index.removeprefix("ix_").removesuffix(f"_{DROPPED[index]}")
