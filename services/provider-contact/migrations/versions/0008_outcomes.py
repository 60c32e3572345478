"""Proposals, commitments, and the checks of confirmations and withdrawals by telephone."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PROPOSED = sa.text("status = 'PROPOSED'")
_RUNNING = sa.text("next_step_at IS NOT NULL")
_OPEN = sa.text("status = 'OPEN'")


def upgrade() -> None:
    op.create_table(
        "proposal",
        *_statement("proposal_id"),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("proposed_at", UTCDateTime(), nullable=False),
        sa.Column("answer_until", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("method", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("proposal_id"),
    )
    op.create_index("ix_proposal_open", "proposal", ["inquiry_id"], unique=True, sqlite_where=_PROPOSED, postgresql_where=_PROPOSED)
    op.create_index("ix_proposal_due", "proposal", ["answer_until", "proposal_id"], sqlite_where=_PROPOSED, postgresql_where=_PROPOSED)
    op.create_index("ix_proposal_order", "proposal", ["proposed_at", "proposal_id"])
    op.create_index("ix_proposal_provider", "proposal", ["provider_id", "proposed_at", "proposal_id"])
    op.create_index("ix_proposal_inquiry_id", "proposal", ["inquiry_id"])
    op.create_table(
        "commitment",
        *_statement("commitment_id"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("next_step_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("method", AutoString(), nullable=True),
        sa.Column("excuse_reason", AutoString(), nullable=True),
        sa.Column("excused_by", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("commitment_id"),
    )
    op.create_index("ix_commitment_step", "commitment", ["next_step_at", "commitment_id"], sqlite_where=_RUNNING, postgresql_where=_RUNNING)
    op.create_index("ix_commitment_order", "commitment", ["due_on", "commitment_id"])
    op.create_index("ix_commitment_inquiry_id", "commitment", ["inquiry_id"])
    op.create_table(
        "outcome_check",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("about", AutoString(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("reason", AutoString(), nullable=True),
        sa.Column("stated_at", UTCDateTime(), nullable=False),
        sa.Column("per_mille", sa.Integer(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("call_from", UTCDateTime(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("checked_at", UTCDateTime(), nullable=True),
        sa.Column("checked_by", AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_index("ix_outcome_check_open", "outcome_check", ["call_from", "check_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_outcome_check_order", "outcome_check", ["stated_at", "check_id"])
    op.create_index("ix_outcome_check_provider", "outcome_check", ["provider_id", "stated_at"])
    op.create_index("ix_outcome_check_proposal_id", "outcome_check", ["proposal_id"])


def _statement(key: str) -> list[sa.Column]:
    """Return the columns of a provider's statement: its ids and its sealed text."""
    return [
        sa.Column(key, sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
    ]


def downgrade() -> None:
    for table in ("outcome_check", "commitment", "proposal"):
        op.drop_table(table)
