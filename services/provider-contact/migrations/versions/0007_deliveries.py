"""Deliveries by several methods: the routes of notices, one-time links, and the webhooks of providers' own systems.

A process of the earlier version adds deliveries by the portal alone: the defaults are right for them.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.add_column(sa.Column("notice", AutoString(), nullable=False, server_default="INQUIRY"))
        delivery.add_column(sa.Column("state", AutoString(), nullable=False, server_default="DELIVERED"))
        delivery.add_column(sa.Column("route_id", sa.Uuid()))
        delivery.add_column(sa.Column("step", sa.Integer()))
        delivery.add_column(sa.Column("provider_id", sa.Uuid()))
        delivery.add_column(sa.Column("contact_role", AutoString()))
        delivery.add_column(sa.Column("address", sa.LargeBinary()))
        delivery.add_column(sa.Column("language", AutoString()))
        delivery.add_column(sa.Column("planned_at", UTCDateTime()))
        delivery.add_column(sa.Column("next_at", UTCDateTime()))
        delivery.add_column(sa.Column("leased_by", sa.Uuid()))
        delivery.add_column(sa.Column("leased_until", UTCDateTime()))
        delivery.add_column(sa.Column("last_status", sa.Integer()))
    op.create_index("ix_delivery_inquiry", "delivery", ["inquiry_id"])
    _partial_index("ix_delivery_due", "delivery", ["channel", "next_at"], "next_at IS NOT NULL")
    _partial_index("ix_delivery_provider", "delivery", ["provider_id", "planned_at", "delivery_id"], "route_id IS NOT NULL")
    op.create_table(
        "notice_route",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("notice", AutoString(), nullable=False),
        sa.Column("addressee", AutoString(), nullable=False),
        sa.Column("body", AutoString()),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("delivered_at", UTCDateTime()),
        sa.Column("planned_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("route_id"),
    )
    _partial_index("ix_notice_route_due", "notice_route", ["due_at"], "due_at IS NOT NULL")
    op.create_index("ix_notice_route_inquiry", "notice_route", ["inquiry_id"])
    op.create_table(
        "reply_link",
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("token_key", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime()),
        sa.Column("is_late", sa.Boolean()),
        sa.PrimaryKeyConstraint("link_id"),
        sa.UniqueConstraint("token_key"),
        sa.UniqueConstraint("delivery_id"),
    )
    op.create_index("ix_reply_link_inquiry", "reply_link", ["inquiry_id"])
    op.create_table(
        "provider_webhook",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former_secret", sa.LargeBinary()),
        sa.Column("former_until", UTCDateTime()),
        sa.Column("disabled_at", UTCDateTime()),
        sa.Column("disabled_because", AutoString()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id"),
    )


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for table in ("provider_webhook", "reply_link", "notice_route"):
        op.drop_table(table)
    for index in ("ix_delivery_provider", "ix_delivery_due", "ix_delivery_inquiry"):
        op.drop_index(index, "delivery")
    with op.batch_alter_table("delivery") as delivery:
        for column in (
            "last_status", "leased_until", "leased_by", "next_at", "planned_at", "language", "address",
            "contact_role", "provider_id", "step", "route_id", "state", "notice",
        ):  # fmt: skip
            delivery.drop_column(column)
