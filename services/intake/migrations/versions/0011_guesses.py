"""A ceiling on wrong PINs per number, and addresses that opened a case before."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("DELETE FROM wrong_attempt")  # a day's counts; those of addresses mean something else now
    op.add_column("wrong_attempt", sa.Column("recent", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "opened_case",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("until", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_opened_case_until", "opened_case", ["until"])


def downgrade():
    op.drop_table("opened_case")
    op.drop_column("wrong_attempt", "recent")
