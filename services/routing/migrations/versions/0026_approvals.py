"""Actions that wait for a second person, and the case that they wait on."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WAITING = sa.text("approval_id IS NOT NULL AND closed_at IS NULL")


def upgrade() -> None:
    op.add_column("appeal_case", sa.Column("approval_id", sa.Uuid()))
    for name in ("approval_by", "approval_action", "approval_rule"):
        op.add_column("appeal_case", sa.Column(name, sa.String()))
    op.create_index("ix_case_approval", "appeal_case", ["next_due_at", "appeal_id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "approval_request",
        sa.Column("request_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("decision", sa.String()),
        sa.Column("decided_at", UTCDateTime()),
        sa.Column("decided_role", sa.String()),
        sa.Column("decided_by", sa.String()),
        sa.Column("refusal", sa.LargeBinary()),
    )


def downgrade() -> None:
    op.drop_table("approval_request")
    op.drop_index("ix_case_approval", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        for name in ("approval_rule", "approval_action", "approval_by", "approval_id"):
            case.drop_column(name)
