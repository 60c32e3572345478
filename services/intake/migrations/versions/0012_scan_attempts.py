"""How often the virus scanner was asked about a file, and when it is asked again."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("attachment", sa.Column("scan_attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("attachment", sa.Column("scan_after", UTCDateTime()))


def downgrade():
    op.drop_column("attachment", "scan_after")
    op.drop_column("attachment", "scan_attempts")
