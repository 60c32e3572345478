"""The directory, appeals and names to match, inquiries with deliveries and answers, the audit of reads, and the backbone's tables."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.messaging import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "appeal",
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("number", AutoString(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=True),
        sa.Column("kind", AutoString(), nullable=True),
        sa.Column("category", AutoString(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("discloses", sa.Boolean(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("appeal_id"),
    )
    op.create_table(
        "content_read",
        sa.Column("content_read_id", sa.Uuid(), nullable=False),
        sa.Column("reader", AutoString(), nullable=False),
        sa.Column("on_behalf_of", AutoString(), nullable=True),
        sa.Column("purpose", AutoString(), nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("content_read_id"),
    )
    op.create_index(op.f("ix_content_read_at"), "content_read", ["at"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", AutoString(), nullable=True),
        sa.Column("external_id", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index(op.f("ix_delivery_inquiry_id"), "delivery", ["inquiry_id"], unique=False)
    op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "inquiry",
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("discloses", sa.Boolean(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("inquiry_id"),
    )
    op.create_index(op.f("ix_inquiry_appeal_id"), "inquiry", ["appeal_id"], unique=False)
    op.create_index("ix_inquiry_late", "inquiry", ["settled", "overdue", "due_at"], unique=False)
    op.create_index("ix_inquiry_order", "inquiry", ["settled", "due_at", "inquiry_id"], unique=False)
    op.create_index("ix_inquiry_provider", "inquiry", ["provider_id", "settled", "due_at", "inquiry_id"], unique=False)
    op.create_table(
        "name_match",
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("noted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("appeal_id"),
    )
    op.create_index("ix_name_match_order", "name_match", ["noted_at", "appeal_id"], unique=False)
    op.create_table(
        "provider",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("bin_key", sa.LargeBinary(), nullable=False),
        sa.Column("bin", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("name_kk", AutoString(), nullable=False),
        sa.Column("name_ru", AutoString(), nullable=False),
        sa.Column("short_name", AutoString(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("district", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("ownership", AutoString(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id"),
        sa.UniqueConstraint("bin_key"),
    )
    op.create_table(
        "response",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("response_id"),
    )
    op.create_index(op.f("ix_response_inquiry_id"), "response", ["inquiry_id"], unique=False)
    tables.metadata.create_all(op.get_bind())


def downgrade():
    tables.metadata.drop_all(op.get_bind())
    for table in ("response", "provider", "name_match", "inquiry", "directory_version", "delivery", "content_read", "appeal"):
        op.drop_table(table)
