"""Questions that a published article answered before they were filed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "self_served",
        sa.Column("question_id", sa.Uuid(), primary_key=True),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("article_id", sa.Uuid(), nullable=False),
    )
    op.create_index("ix_self_served", "self_served", ["served_on", "region"])


def downgrade() -> None:
    op.drop_table("self_served")
