"""A one-time code is found by its purpose, so that codes which strangers ask for do not touch those of the applicant."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # codes are good for minutes: the few of another purpose that are on their way are asked for again
    op.add_column("contact_code", sa.Column("purpose", sa.String(), nullable=False, server_default="contact-confirmation"))


def downgrade() -> None:
    op.drop_column("contact_code", "purpose")
