"""An appeal has the keyed hash of the applicant's IIN, by which the desk finds a person's appeals. Earlier appeals have none."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

IDENTIFIED = sa.text("iin_key IS NOT NULL")


def upgrade() -> None:
    op.add_column("appeal", sa.Column("iin_key", sa.LargeBinary()))
    op.create_index("ix_appeal_iin_key", "appeal", ["iin_key"], sqlite_where=IDENTIFIED, postgresql_where=IDENTIFIED)


def downgrade() -> None:
    op.drop_index("ix_appeal_iin_key", "appeal")
    op.drop_column("appeal", "iin_key")
