"""What became of the proposals of providers, by which a case may be closed as resolved here and now, and when a case was reopened."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("proposals", sa.JSON()))
        case.add_column(sa.Column("reopened_at", UTCDateTime()))


def downgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("reopened_at")
        case.drop_column("proposals")
