"""What applicants say of the outcome, appeals that follow others, and the calls of the telephone centre."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = {
    "ix_fact_received": ["received_on", "channel", "kind", "region"],
    "ix_fact_subject": ["kind", "received_on", "topic", "region", "category", "provider_id"],
    "ix_fact_result": ["received_on", "region", "outcome", "tier", "kind"],
}


def upgrade() -> None:
    op.add_column("fact", sa.Column("follows", sa.Uuid()))
    op.add_column("fact", sa.Column("confirmed", sa.Boolean()))
    op.add_column("fact", sa.Column("score", sa.Integer()))
    for name, columns in BEFORE.items():
        op.drop_index(name, "fact")
        op.create_index(name, "fact", [*columns, "follows"])
    rated = sa.text("score IS NOT NULL")
    op.create_index("ix_fact_rated", "fact", ["received_on", "region", "kind", "score"], sqlite_where=rated, postgresql_where=rated)
    op.create_table(
        "call_fact",
        sa.Column("call_id", sa.Uuid(), primary_key=True),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("waited_seconds", sa.Integer(), nullable=False),
        sa.Column("talked_seconds", sa.Integer(), nullable=False),
    )
    op.create_index("ix_call_offered", "call_fact", ["offered_on", "region", "outcome", "waited_seconds", "talked_seconds"])


def downgrade() -> None:
    op.drop_table("call_fact")
    op.drop_index("ix_fact_rated", "fact")
    for name, columns in BEFORE.items():
        op.drop_index(name, "fact")
        op.create_index(name, "fact", columns)
    for name in ("score", "confirmed", "follows"):
        op.drop_column("fact", name)
