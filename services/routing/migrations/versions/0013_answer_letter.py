"""Verification codes and hashes of answers that are issued as letters."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_letter",
        sa.Column("answer_id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("sha256", sa.JSON(), nullable=False),
    )
    op.create_index("ix_answer_letter_code", "answer_letter", ["code"], unique=True)


def downgrade() -> None:
    op.drop_table("answer_letter")
