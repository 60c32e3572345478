"""Partners and their subscriptions."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLES = ("delivery", "subscription", "external_number", "update_counter", "update_entry")


def upgrade():
    with op.batch_alter_table("tracking") as tracking:
        tracking.add_column(sa.Column("followed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE tracking SET followed = true WHERE appeal_id IN (SELECT id FROM appeal WHERE owner IS NOT NULL OR channel = 'APP')")
    filed = sa.text("owner IS NOT NULL")
    op.create_index("ix_appeal_owner", "appeal", ["owner", "id"], sqlite_where=filed, postgresql_where=filed)
    op.create_table(
        "update_entry",
        sa.Column("id", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("position", sa.BigInteger()),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("body", sa.String()),
        sa.Column("number", sa.String()),
        sa.Column("owner", sa.LargeBinary()),
        sa.Column("recipient", sa.LargeBinary()),
        sa.Column("channel", sa.String()),
    )
    op.create_index("ix_update_entry_position", "update_entry", ["position"], unique=True)
    for reader in ("owner", "recipient", "channel"):
        op.create_index(f"ix_update_entry_{reader}", "update_entry", [reader, "position"])
    op.create_table("update_counter", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("last", sa.BigInteger(), nullable=False))
    op.create_table(
        "external_number",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_external_number_key", "external_number", ["key"], unique=True)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subscriber", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String()),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.JSON()),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former_secret", sa.LargeBinary()),
        sa.Column("former_until", UTCDateTime()),
        sa.Column("disabled_at", UTCDateTime()),
        sa.Column("disabled_because", sa.String()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_subscription_subscriber", "subscription", ["subscriber"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subscription_id", sa.Uuid(), sa.ForeignKey("subscription.id"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.String()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("delivered_at", UTCDateTime()),
    )
    op.create_index("ix_delivery_entry", "delivery", ["subscription_id", "position"], unique=True)
    op.create_index("ix_delivery_waiting", "delivery", ["subscription_id", "delivered_at", "next_at"])
    op.create_index("ix_delivery_appeal", "delivery", ["appeal_id"])


def downgrade():
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_appeal_owner", "appeal")
    with op.batch_alter_table("tracking") as tracking:
        tracking.drop_column("followed")
