"""Appeals whose text decided nothing wait in a queue of their own until a person sorts them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("unsorted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_case_unsorted",
        "appeal_case",
        ["next_due_at", "appeal_id"],
        sqlite_where=sa.text("unsorted = 1"),
        postgresql_where=sa.text("unsorted"),
        postgresql_include=("region", "tier"),
    )


def downgrade() -> None:
    op.drop_index("ix_case_unsorted", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("unsorted")
