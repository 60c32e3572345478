"""The intake method of a reception has its own name."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE reception RENAME COLUMN way TO intake_method")


def downgrade():
    op.execute("ALTER TABLE reception RENAME COLUMN intake_method TO way")
