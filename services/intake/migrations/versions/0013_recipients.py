"""Contacts that their applicants have confirmed, and how much a recipient is sent in a day."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Which of the contacts was confirmed was not stored: both count, as both did.
FORMER = """
    INSERT INTO confirmed_contact (appeal_id, kind, at)
    SELECT appeal_id, contact, contact_confirmed_at FROM tracking, (SELECT 'phone' AS contact UNION ALL SELECT 'email') AS contacts
    WHERE contact_confirmed_at IS NOT NULL
"""


def upgrade():
    op.create_table(
        "confirmed_contact",
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.execute(FORMER)
    op.create_table(
        "daily_count",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_index("ix_daily_count_day", "daily_count", ["day"])


def downgrade():
    op.drop_table("daily_count")
    op.drop_table("confirmed_contact")
