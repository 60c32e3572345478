"""Whose files those are that no appeal has claimed yet."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UNCLAIMED = sa.text("appeal_id IS NULL")


def upgrade():
    op.add_column("attachment", sa.Column("owner", sa.LargeBinary()))
    op.create_index("ix_attachment_unclaimed", "attachment", ["owner", "size"], sqlite_where=UNCLAIMED, postgresql_where=UNCLAIMED)


def downgrade():
    op.drop_index("ix_attachment_unclaimed", "attachment")
    op.drop_column("attachment", "owner")
