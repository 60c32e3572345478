"""A question whose reply by SMS was neither a yes nor a no is asked by telephone."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("provider_offer", sa.Column("unclear_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("provider_offer") as batch:
        batch.drop_column("unclear_at")
