"""The indexes of open cases include the columns by which open cases are counted, on PostgreSQL; SQLite has no such indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COUNTED = ("assignee", "status", "kind", "language", "received_at", "sends_at")
INDEXES = (
    ("ix_case_open_due", ["next_due_at", "appeal_id"], ("region", "tier", *COUNTED)),
    ("ix_case_open_region", ["region", "next_due_at", "appeal_id"], ("tier", *COUNTED)),
    ("ix_case_open_tier", ["tier", "next_due_at", "appeal_id"], ("region", *COUNTED)),
)


def upgrade() -> None:
    _replace(with_columns=True)


def downgrade() -> None:
    _replace(with_columns=False)


def _replace(*, with_columns: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, columns, included in INDEXES:
        op.drop_index(name, "appeal_case")
        op.create_index(
            name,
            "appeal_case",
            columns,
            postgresql_where=sa.text("closed_at IS NULL"),
            postgresql_include=list(included) if with_columns else None,
        )
