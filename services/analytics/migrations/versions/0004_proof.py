"""What is known of the solution of an appeal from the applicant's own word, by which figures are told apart."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PROOF = sa.text("proof IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.add_column(sa.Column("proof", AutoString()))
    op.execute("UPDATE fact SET proof = 'WITHDRAWN' WHERE status = 'WITHDRAWN'")
    columns = ["received_on", "region", "proof", "kind", "follows"]
    op.create_index("ix_fact_proof", "fact", columns, sqlite_where=_PROOF, postgresql_where=_PROOF)


def downgrade() -> None:
    op.drop_index("ix_fact_proof", "fact")
    with op.batch_alter_table("fact") as fact:
        fact.drop_column("proof")
