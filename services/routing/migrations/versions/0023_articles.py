"""Articles of the first tier with their versions, which people write, review and publish. The first start brings those of the file."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article",
        sa.Column("article_id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("topic", sa.String()),
        sa.Column("category", sa.String()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String()),
    )
    op.create_index("ix_article_code", "article", ["code"], unique=True)
    op.create_table(
        "article_version",
        sa.Column("article_id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("published_by", sa.String()),
        sa.Column("note", sa.String()),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("published_at", UTCDateTime()),
        sa.Column("retired_at", UTCDateTime()),
        sa.Column("published_digest", sa.String()),
    )


def downgrade() -> None:
    op.drop_table("article_version")
    op.drop_table("article")
