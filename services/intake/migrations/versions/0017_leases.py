"""Leases have the same columns in every table: tasks of the bot as the relay, notifications and deliveries as chats of the bot."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CLAIMED = ("notice", "delivery")
NO_PROCESS = "0" * 32


def upgrade():
    for table in CLAIMED:
        op.add_column(table, sa.Column("leased_by", sa.Uuid()))
        op.add_column(table, sa.Column("leased_until", UTCDateTime()))
    op.execute("ALTER TABLE bot_duty RENAME COLUMN until TO expires_at")
    op.drop_column("bot_duty", "holder")
    op.add_column("bot_duty", sa.Column("holder", sa.String(), nullable=False, server_default=""))
    op.add_column("bot_duty", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))


def downgrade():
    op.drop_column("bot_duty", "epoch")
    op.drop_column("bot_duty", "holder")
    op.add_column("bot_duty", sa.Column("holder", sa.Uuid(), nullable=False, server_default=NO_PROCESS))
    op.execute("ALTER TABLE bot_duty RENAME COLUMN expires_at TO until")
    for table in CLAIMED:
        op.drop_column(table, "leased_until")
        op.drop_column(table, "leased_by")
