"""Several issues of one appeal, each with a finding; an ordinary case has one, which needs no row."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("issue_codes", sa.JSON()))
    op.create_table(
        "issue_finding",
        sa.Column("issue_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("issue_finding")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("issue_codes")
