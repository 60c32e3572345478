"""How an appeal was classified, and whether the first person who worked on it agreed."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REVIEWED = sa.text("agreed IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.add_column(sa.Column("decision", AutoString()))
        fact.add_column(sa.Column("agreed", sa.Boolean()))
    columns = ["received_on", "region", "kind", "language", "decision", "agreed"]
    op.create_index("ix_fact_agreed", "fact", columns, sqlite_where=_REVIEWED, postgresql_where=_REVIEWED)


def downgrade() -> None:
    op.drop_index("ix_fact_agreed", "fact")
    with op.batch_alter_table("fact") as fact:
        fact.drop_column("agreed")
        fact.drop_column("decision")
