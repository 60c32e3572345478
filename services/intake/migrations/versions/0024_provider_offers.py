"""What providers say they have solved or promise, and what applicants answer."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_offer",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("asked_by", sa.Uuid()),
        sa.Column("answer_until", UTCDateTime()),
        sa.Column("link_key", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Boolean()),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("method", sa.String()),
        sa.Column("publish_at", UTCDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("called_at", UTCDateTime()),
    )
    op.create_index("ix_provider_offer_appeal_id", "provider_offer", ["appeal_id"])
    op.create_index("ix_provider_offer_asked_by", "provider_offer", ["asked_by"])
    op.create_index("ix_provider_offer_link_key", "provider_offer", ["link_key"], unique=True)
    op.create_index("ix_provider_offer_open", "provider_offer", ["status", "answer_until"])
    held = sa.text("publish_at IS NOT NULL")
    op.create_index("ix_provider_offer_held", "provider_offer", ["publish_at"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.drop_table("provider_offer")
