"""The outcomes RESOLVED_ON_SPOT and WITHDRAWN follow from the applicant's own events, no longer from a clerk's choice."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("confirmed_outcome", sa.String()))
    # A clerk found so in an answer that is not confirmed yet: without a confirmation it has the outcome of its kind.
    op.execute(
        "UPDATE appeal_case SET confirmed_outcome = 'RESOLVED_ON_SPOT' WHERE closed_at IS NULL AND answer_outcome = 'RESOLVED_ON_SPOT'"
    )
    op.execute(
        "UPDATE appeal_case SET answer_outcome = NULL WHERE closed_at IS NULL AND answer_outcome IN ('RESOLVED_ON_SPOT', 'WITHDRAWN')"
    )


def downgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("confirmed_outcome")
