"""What applicants add to their appeals: messages, statements, codes, ratings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("appeal") as appeal:
        appeal.add_column(sa.Column("particulars", sa.LargeBinary()))
        appeal.add_column(sa.Column("answer_by", sa.String()))
        appeal.add_column(sa.Column("follows", sa.Uuid()))
        appeal.create_index("ix_appeal_follows", ["follows"])


def downgrade():
    with op.batch_alter_table("appeal") as appeal:
        appeal.drop_index("ix_appeal_follows")
        appeal.drop_column("follows")
        appeal.drop_column("answer_by")
        appeal.drop_column("particulars")
