"""The register, its tracking and timeline, the provider replica, the audit of reads, and the backbone's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateSequence, DropSequence
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.messaging import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEQUENCE = sa.Sequence("register_sequence", start=1, minvalue=1, maxvalue=9_999_999, cycle=True)
TABLES = ("register_counter", "wrong_attempt", "content_read", "provider", "timeline", "tracking", "appeal")


def upgrade():
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("language", sa.String()),
        sa.Column("kind", sa.String()),
        sa.Column("category", sa.String()),
        sa.Column("topic", sa.String()),
        sa.Column("statutory_form", sa.String()),
        sa.Column("provider_id", sa.Uuid()),
        sa.Column("provider_name", sa.LargeBinary()),
        sa.Column("provider_bin", sa.LargeBinary()),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("applicant", sa.LargeBinary()),
        sa.Column("received_by", sa.LargeBinary()),
        sa.Column("legacy_number", sa.LargeBinary()),
        sa.Column("consents", sa.JSON(), nullable=False),
        sa.Column("owner", sa.LargeBinary()),
        sa.Column("pin", sa.LargeBinary()),
        sa.Column("fingerprint", sa.LargeBinary()),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("registered_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_appeal_number", "appeal", ["number"], unique=True)
    op.create_table(
        "tracking",
        sa.Column("appeal_id", sa.Uuid(), sa.ForeignKey("appeal.id"), primary_key=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("tier", sa.Integer()),
        sa.Column("provider_id", sa.Uuid()),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String()),
        sa.Column("answer_id", sa.Uuid()),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "timeline",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
    )
    op.create_index("ix_timeline_appeal", "timeline", ["appeal_id", "at"])
    _create_supporting_tables()
    tables.metadata.create_all(op.get_bind())


def _create_supporting_tables():
    op.create_table(
        "provider",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name_kk", sa.String(), nullable=False),
        sa.Column("name_ru", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ownership", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_provider_region", "provider", ["region"])
    op.create_table(
        "content_read",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("on_behalf_of", sa.String()),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
    )
    op.create_index("ix_content_read_at", "content_read", ["at"])
    op.create_table(
        "wrong_attempt",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_wrong_attempt_last_at", "wrong_attempt", ["last_at"])
    counter = op.create_table(
        "register_counter", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("value", sa.Integer(), nullable=False)
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0}])
    if op.get_bind().dialect.supports_sequences:
        op.execute(CreateSequence(SEQUENCE))


def downgrade():
    tables.metadata.drop_all(op.get_bind())
    for name in TABLES:
        op.drop_table(name)
    if op.get_bind().dialect.supports_sequences:
        op.execute(DropSequence(SEQUENCE))
