"""Who of the staff may see an appeal that is protected."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CATEGORIES = {"EXTORTION": "SENSITIVE", "CORRUPTION": "SENSITIVE", "PRIVACY": "SENSITIVE", "FUND_SERVICE": "FUND"}
"""Appeals that exist already are protected by the category with which they were filed; routing says the rest."""


def upgrade() -> None:
    op.add_column("tracking", sa.Column("protection", sa.String()))
    tracking = sa.table("tracking", sa.column("appeal_id"), sa.column("protection"))
    appeal = sa.table("appeal", sa.column("id"), sa.column("category"))
    for category, protection in CATEGORIES.items():
        filed = sa.select(appeal.c.id).where(appeal.c.category == category)
        op.execute(tracking.update().where(tracking.c.appeal_id.in_(filed)).values(protection=protection))


def downgrade() -> None:
    with op.batch_alter_table("tracking") as batch:
        batch.drop_column("protection")
