"""Appeals of which no inquiry is sent by rule."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appeal", sa.Column("asked_by_rule", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("appeal", "asked_by_rule")
