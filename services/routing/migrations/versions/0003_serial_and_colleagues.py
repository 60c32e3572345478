"""The end of a registration number is found by its serial number; the desk knows its colleagues."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("serial", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE appeal_case SET serial = number_digits / 10 % 10000000")
    op.create_index("ix_appeal_case_serial", "appeal_case", ["serial"])
    op.create_table(
        "colleague",
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("name", sa.String()),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("seen_on", sa.Date(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("colleague")
    op.drop_index("ix_appeal_case_serial", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("serial")
