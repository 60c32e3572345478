"""Kinds of providers, which of them are active, and ratings.

Stored providers get their kind with their next directory entry, or by `aryz rebuild analytics`.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("provider") as provider:
        provider.add_column(sa.Column("kind", AutoString()))
        provider.add_column(sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "rating_fact",
        sa.Column("rating_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
    )
    op.create_index("ix_rating_month", "rating_fact", ["month", "provider_id", "score"])


def downgrade() -> None:
    op.drop_table("rating_fact")
    with op.batch_alter_table("provider") as provider:
        provider.drop_column("active")
        provider.drop_column("kind")
