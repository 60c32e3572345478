"""Checks of confirmed answers of the Fund."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outcome_check", sa.Column("answer_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("outcome_check", "answer_id")
