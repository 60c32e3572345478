"""What an inquiry concerns, in codes and days: so a provider can answer it without knowing the person."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COLUMNS = (("service", AutoString()), ("department", AutoString()), ("period_from", sa.Date()), ("period_to", sa.Date()))


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("inquiry", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("inquiry") as batch:
        for name, _ in _COLUMNS:
            batch.drop_column(name)
