"""Lists of cases are sorted by the time of receipt or of the latest change, and narrowed to a provider or to news; staff save lists."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PROVIDER = sa.text("provider_id IS NOT NULL")
BEGINNING = "1970-01-01 00:00:00.000000"  # of cases that a process of the version before opens or has opened until it is replaced
FORMER = "UPDATE appeal_case SET updated_at = coalesce(closed_at, registered_at)"


def upgrade() -> None:
    op.add_column("appeal_case", sa.Column("updated_at", UTCDateTime(), nullable=False, server_default=BEGINNING))
    op.execute(FORMER)
    op.create_index("ix_case_received", "appeal_case", ["received_at", "appeal_id"])
    op.create_index("ix_case_updated", "appeal_case", ["updated_at", "appeal_id"])
    op.create_index(
        "ix_case_provider", "appeal_case", ["provider_id", "next_due_at", "appeal_id"], sqlite_where=PROVIDER, postgresql_where=PROVIDER
    )
    news = {"sqlite_where": sa.text("has_news = 1"), "postgresql_where": sa.text("has_news")}
    op.create_index("ix_case_news", "appeal_case", ["next_due_at", "appeal_id"], **news)
    op.create_table(
        "case_visit",
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "desk_search",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("appeal_ids", sa.JSON(), nullable=False),
        sa.Column("provider_ids", sa.JSON(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
    )
    op.create_index("ix_desk_search_at", "desk_search", ["at"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.UniqueConstraint("subject", "slot", name="uq_saved_view_slot"),
    )


def downgrade() -> None:
    op.drop_table("saved_view")
    op.drop_table("desk_search")
    op.drop_table("case_visit")
    for index in ("ix_case_news", "ix_case_provider", "ix_case_updated", "ix_case_received"):
        op.drop_index(index, "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("updated_at")
