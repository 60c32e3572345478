"""A mass incident that a supervisor announced to the operators, with the answer for those who call about it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("region", sa.String()),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("answer_kk", sa.String(), nullable=False),
        sa.Column("answer_ru", sa.String(), nullable=False),
        sa.Column("answer_en", sa.String()),
        sa.Column("announced_by", sa.String(), nullable=False),
        sa.Column("announced_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime()),
        sa.Column("callers", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("incident")
