"""Who of the staff may see an appeal that is protected."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CATEGORIES = {"EXTORTION": "SENSITIVE", "CORRUPTION": "SENSITIVE", "PRIVACY": "SENSITIVE", "FUND_SERVICE": "FUND"}


def upgrade() -> None:
    op.add_column("appeal", sa.Column("protection", sa.String()))
    appeal = sa.table("appeal", sa.column("category"), sa.column("protection"))
    for category, protection in CATEGORIES.items():
        op.execute(appeal.update().where(appeal.c.category == category).values(protection=protection))


def downgrade() -> None:
    with op.batch_alter_table("appeal") as batch:
        batch.drop_column("protection")
