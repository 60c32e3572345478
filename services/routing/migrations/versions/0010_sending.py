"""A sent answer waits for a while, in which its author can take it back."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SENDING = sa.text("sends_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("sends_at", UTCDateTime()))
        case.add_column(sa.Column("sending_by", sa.String()))
    op.create_index("ix_case_sends_at", "appeal_case", ["sends_at", "appeal_id"], sqlite_where=SENDING, postgresql_where=SENDING)
    with op.batch_alter_table("answer_draft") as draft:
        draft.add_column(sa.Column("actor_role", sa.String()))
        draft.add_column(sa.Column("outcome", sa.String()))


def downgrade() -> None:
    with op.batch_alter_table("answer_draft") as draft:
        draft.drop_column("outcome")
        draft.drop_column("actor_role")
    op.drop_index("ix_case_sends_at", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        case.drop_column("sending_by")
        case.drop_column("sends_at")
