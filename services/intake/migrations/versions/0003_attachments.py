"""Files that came with an appeal or a message."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), sa.ForeignKey("appeal.id")),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("declared", sa.String()),
        sa.Column("kind", sa.String()),
        sa.Column("length", sa.Integer()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_attachment_appeal", "attachment", ["appeal_id", "created_at"])
    op.create_index("ix_attachment_state", "attachment", ["state", "id"])
    op.create_index("ix_attachment_created_at", "attachment", ["created_at"])


def downgrade():
    op.drop_table("attachment")
