"""Notes of colleagues with their mentions, logged telephone calls, and the day to call again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("note_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
    )
    op.create_table(
        "note_mention",
        sa.Column("note_id", sa.Uuid(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
    )
    unseen = sa.text("NOT seen")
    op.create_index("ix_note_mention_unseen", "note_mention", ["subject", "appeal_id"], sqlite_where=unseen, postgresql_where=unseen)
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("notes_count", sa.Integer(), nullable=False, server_default="0"))
        case.add_column(sa.Column("follow_up_on", sa.Date()))


def downgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("follow_up_on")
        case.drop_column("notes_count")
    op.drop_table("note_mention")
    op.drop_table("note")
