"""An entry of the audit log names the appeal that a person read, and the person's role, so that the applicant can see who read it.

Entries of before name neither: what was read before this migration is not shown to applicants.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BY_A_PERSON = sa.text("appeal_id IS NOT NULL")


def upgrade():
    op.add_column("content_read", sa.Column("appeal_id", sa.Uuid()))
    op.add_column("content_read", sa.Column("role", sa.String()))
    op.create_index("ix_content_read_appeal", "content_read", ["appeal_id", "at"], sqlite_where=BY_A_PERSON, postgresql_where=BY_A_PERSON)


def downgrade():
    op.drop_index("ix_content_read_appeal", "content_read")
    op.drop_column("content_read", "role")
    op.drop_column("content_read", "appeal_id")
