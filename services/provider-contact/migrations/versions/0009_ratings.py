"""Ratings of residents and the monthly ranking."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rating",
        sa.Column("rating_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_id", sa.Uuid()),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("aspects", sa.JSON(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
    )
    op.create_index("ix_rating_month", "rating", ["month", "provider_id"])
    op.create_table("ranked_month", sa.Column("month", sa.Date(), primary_key=True), sa.Column("ranked_at", UTCDateTime(), nullable=False))
    op.create_table(
        "ranked_provider",
        sa.Column("month", sa.Date(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("ratings_at_least", sa.Integer(), nullable=False),
        sa.Column("positive", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("mean_tenths", sa.Integer(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for table in ("ranked_provider", "ranked_month", "rating"):
        op.drop_table(table)
