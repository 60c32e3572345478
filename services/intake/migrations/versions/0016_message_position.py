"""The position of a message of the bot in its chat has a plain name."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE bot_message RENAME COLUMN place TO position")


def downgrade():
    op.execute("ALTER TABLE bot_message RENAME COLUMN position TO place")
