"""Extensions of the statutory term: requests, decisions, the extended day of a case, and the deputies of a head."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = sa.text("extension_id IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("extended_until", sa.Date()))
        case.add_column(sa.Column("extension_id", sa.Uuid()))
        case.add_column(sa.Column("extension_by", sa.String()))
    op.create_index("ix_case_extension", "appeal_case", ["next_due_at", "appeal_id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "extension_request",
        sa.Column("request_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("decision", sa.String()),
        sa.Column("decided_at", UTCDateTime()),
        sa.Column("decided_role", sa.String()),
        sa.Column("decided_by", sa.String()),
        sa.Column("refusal", sa.LargeBinary()),
    )
    op.create_table(
        "deputy",
        sa.Column("region", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("appointed_by", sa.String(), nullable=False),
        sa.Column("appointed_at", UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("deputy")
    op.drop_table("extension_request")
    op.drop_index("ix_case_extension", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("extension_by")
        case.drop_column("extension_id")
        case.drop_column("extended_until")
