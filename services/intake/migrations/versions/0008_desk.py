"""What is registered at a counter, and the entries of people's control."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ENTRIES = sa.text("channel = 'PEOPLES_CONTROL'")


def upgrade():
    op.create_table(
        "reception",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("receiver", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_reception_receiver", "reception", ["receiver", "appeal_id"])
    op.create_table(
        "receiver",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("name", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_appeal_peoples_control", "appeal", ["id"], sqlite_where=ENTRIES, postgresql_where=ENTRIES)


def downgrade():
    op.drop_index("ix_appeal_peoples_control", "appeal")
    op.drop_table("receiver")
    op.drop_table("reception")
