"""A colleague who is absent gets no cases until the day of return; and who has a case open on the desk now."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("colleague", sa.Column("absent_until", sa.Date()))
    op.create_table(
        "case_presence",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_case_presence_at", "case_presence", ["at"])


def downgrade() -> None:
    op.drop_table("case_presence")
    with op.batch_alter_table("colleague") as colleague:
        colleague.drop_column("absent_until")
