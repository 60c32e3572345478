"""Which appeals are protected: branches neither count nor list them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PROTECTED = sa.text("protection IS NOT NULL")
CATEGORIES = {"EXTORTION": "SENSITIVE", "CORRUPTION": "SENSITIVE", "PRIVACY": "SENSITIVE", "FUND_SERVICE": "FUND"}


def upgrade() -> None:
    op.add_column("fact", sa.Column("protection", sa.String()))
    fact = sa.table("fact", sa.column("category"), sa.column("protection"))
    for category, protection in CATEGORIES.items():
        op.execute(fact.update().where(fact.c.category == category).values(protection=protection))
    op.create_index("ix_fact_protected", "fact", ["region", "received_on"], sqlite_where=PROTECTED, postgresql_where=PROTECTED)


def downgrade() -> None:
    op.drop_index("ix_fact_protected", "fact")
    with op.batch_alter_table("fact") as batch:
        batch.drop_column("protection")
