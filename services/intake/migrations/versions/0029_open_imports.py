"""Imports of open appeals."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open_import",
        sa.Column("import_id", sa.Uuid(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("notified", sa.Boolean(), nullable=False),
        sa.Column("asks_providers", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("undone_by", sa.String()),
        sa.Column("undone_at", UTCDateTime()),
    )
    op.create_index("ix_open_import_at", "open_import", ["at", "import_id"])
    op.create_table(
        "taken_over",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("remains", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_taken_over_import", "taken_over", ["import_id"])


def downgrade() -> None:
    op.drop_table("taken_over")
    op.drop_table("open_import")
