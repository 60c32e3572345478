"""The grains, the names of providers, and the backbone's tables."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.messaging import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("language", AutoString()),
        sa.Column("kind", AutoString()),
        sa.Column("category", AutoString()),
        sa.Column("topic", AutoString()),
        sa.Column("tier", sa.Integer()),
        sa.Column("urgency", AutoString()),
        sa.Column("provider_id", sa.Uuid()),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("outcome", AutoString()),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("registered_at", UTCDateTime()),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("routed_at", UTCDateTime()),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("closed_at", UTCDateTime()),
        sa.Column("moved_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_fact_received", "fact", ["received_on", "channel", "kind", "region"])
    op.create_index("ix_fact_subject", "fact", ["kind", "received_on", "topic", "region", "category", "provider_id"])
    op.create_index("ix_fact_result", "fact", ["received_on", "region", "outcome", "tier", "kind"])
    op.create_index("ix_fact_open", "fact", ["status", "urgency"])
    answered = sa.text("answered_at IS NOT NULL")
    op.create_index("ix_fact_answered", "fact", ["answered_at", "due_at"], sqlite_where=answered, postgresql_where=answered)
    op.create_table(
        "transition",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", AutoString(), nullable=False),
        sa.Column("holder_before", AutoString()),
        sa.Column("holder_after", AutoString(), nullable=False),
        sa.Column("dwell_seconds", sa.Integer()),
        sa.Column("backward", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_transition_at", "transition", ["at"])
    op.create_table(
        "provider",
        sa.Column("provider_id", sa.Uuid(), primary_key=True),
        sa.Column("name_kk", AutoString(), nullable=False),
        sa.Column("name_ru", AutoString(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
    )
    tables.metadata.create_all(op.get_bind())


def downgrade() -> None:
    tables.metadata.drop_all(op.get_bind())
    for name in ("provider", "transition", "fact"):
        op.drop_table(name)
