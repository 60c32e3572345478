"""Indexes of open cases include the time of the last change, that of the news region and tier: PostgreSQL reads no rows for them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COUNTED = ("assignee", "status", "kind", "language", "received_at", "sends_at")
INDEXES = (
    ("ix_case_open_due", ["next_due_at", "appeal_id"], ("region", "tier", *COUNTED), "closed_at IS NULL", ("updated_at",)),
    ("ix_case_open_region", ["region", "next_due_at", "appeal_id"], ("tier", *COUNTED), "closed_at IS NULL", ("updated_at",)),
    ("ix_case_open_tier", ["tier", "next_due_at", "appeal_id"], ("region", *COUNTED), "closed_at IS NULL", ("updated_at",)),
    ("ix_case_news", ["next_due_at", "appeal_id"], (), "has_news", ("region", "tier")),
)


def upgrade() -> None:
    _replace(with_added=True)


def downgrade() -> None:
    _replace(with_added=False)


def _replace(*, with_added: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, columns, included, condition, added in INDEXES:
        covered = [*included, *(added if with_added else ())]
        op.drop_index(name, "appeal_case")
        op.create_index(name, "appeal_case", columns, postgresql_where=sa.text(condition), postgresql_include=covered or None)
