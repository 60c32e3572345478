"""Files of providers' answers, and the documents of appeals that are shown to providers."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("declared", AutoString(), nullable=True),
        sa.Column("kind", AutoString(), nullable=True),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("owner", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("scan_attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("scan_after", UTCDateTime(), nullable=True),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    unclaimed = sa.text("response_id IS NULL")
    op.create_index("ix_answer_file_response", "answer_file", ["response_id", "created_at"])
    op.create_index("ix_answer_file_state", "answer_file", ["state", "id"])
    op.create_index("ix_answer_file_unclaimed", "answer_file", ["owner", "inquiry_id"], sqlite_where=unclaimed, postgresql_where=unclaimed)
    op.create_index("ix_answer_file_created_at", "answer_file", ["created_at"])
    op.create_table(
        "shown_document",
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("chosen_by", AutoString(), nullable=False),
        sa.Column("chosen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("inquiry_id", "attachment_id"),
    )


def downgrade() -> None:
    op.drop_table("shown_document")
    op.drop_table("answer_file")
