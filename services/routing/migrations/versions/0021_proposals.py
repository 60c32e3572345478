"""What became of the proposals of providers, by which a case may be closed as resolved here and now."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("proposals", sa.JSON()))


def downgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("proposals")
