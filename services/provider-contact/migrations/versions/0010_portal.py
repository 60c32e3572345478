"""The portal of providers: accounts with their log and assignments, visits, drafts, own templates, registered statements."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    op.create_table(
        "inquiry_visit",
        sa.Column("account_id", sa.Uuid(), primary_key=True),
        sa.Column("inquiry_id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "response_draft",
        sa.Column("draft_id", sa.Uuid(), primary_key=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("account_id", "inquiry_id", name="uq_response_draft"),
    )
    op.create_table(
        "own_template",
        sa.Column("template_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_own_template_provider", "own_template", ["provider_id", "template_id"])
    op.create_table(
        "statement",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("registered_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_statement_provider", "statement", ["provider_id", "registered_at", "appeal_id"])


def _accounts() -> None:
    op.create_table(
        "provider_account",
        sa.Column("account_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.LargeBinary()),
        sa.Column("email_key", sa.LargeBinary()),
        sa.Column("identity_key", sa.LargeBinary()),
        sa.Column("invite_key", sa.LargeBinary()),
        sa.Column("invite_until", UTCDateTime()),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("joined_at", UTCDateTime()),
        sa.Column("removed_at", UTCDateTime()),
        sa.Column("absent_until", sa.Date()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("provider_id", "identity_key", name="uq_provider_account_identity"),
        sa.UniqueConstraint("invite_key"),
    )
    op.create_index("ix_provider_account_provider", "provider_account", ["provider_id", "state"])
    op.create_index("ix_provider_account_identity_key", "provider_account", ["identity_key"])
    op.create_table(
        "account_entry",
        sa.Column("entry_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("type", AutoString(), nullable=False),
        sa.Column("inquiries", sa.Integer()),
    )
    op.create_index("ix_account_entry_provider", "account_entry", ["provider_id", "at", "entry_id"])
    op.create_table(
        "inquiry_assignment",
        sa.Column("inquiry_id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_inquiry_assignment_account", "inquiry_assignment", ["account_id"])


def downgrade() -> None:
    for table in (
        "statement",
        "own_template",
        "response_draft",
        "inquiry_visit",
        "inquiry_assignment",
        "account_entry",
        "provider_account",
    ):
        op.drop_table(table)
