"""Whose record was asked for, and who subscribes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ABOUT = sa.text("about IS NOT NULL")


def upgrade():
    op.add_column("content_read", sa.Column("about", sa.LargeBinary()))
    op.create_index("ix_content_read_about", "content_read", ["about", "at"], sqlite_where=ABOUT, postgresql_where=ABOUT)
    op.create_table("subscriber", sa.Column("key", sa.LargeBinary(), primary_key=True))


def downgrade():
    op.drop_table("subscriber")
    op.drop_index("ix_content_read_about", "content_read")
    op.drop_column("content_read", "about")
