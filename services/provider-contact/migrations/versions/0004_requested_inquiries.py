"""Inquiries that a clerk asked for: the request, its standing questions and its language."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inquiry") as inquiry:
        inquiry.add_column(sa.Column("request_id", sa.Uuid()))
        inquiry.add_column(sa.Column("questions", sa.JSON(), nullable=False, server_default="[]"))
        inquiry.add_column(sa.Column("has_text", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("inquiry") as inquiry:
        inquiry.drop_column("has_text")
        inquiry.drop_column("questions")
        inquiry.drop_column("request_id")
