"""A case can be linked to another one as its duplicate."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

DUPLICATE = sa.text("duplicate_of IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("duplicate_of", sa.Uuid()))
    op.create_index("ix_case_duplicate", "appeal_case", ["duplicate_of"], sqlite_where=DUPLICATE, postgresql_where=DUPLICATE)


def downgrade() -> None:
    op.drop_index("ix_case_duplicate", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("duplicate_of")
