"""What the applicant does after filing, the desk's further steps, and dangers that are passed on."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = ("follows", "answer_by", "anonymous", "danger", "redirected_to", "answer_id", "answer_outcome", "has_news", "fix_passed", "score")


def upgrade() -> None:
    with op.batch_alter_table("appeal_case") as case:
        case.add_column(sa.Column("follows", sa.Uuid()))
        case.add_column(sa.Column("answer_by", sa.String()))
        case.add_column(sa.Column("anonymous", sa.Boolean(), nullable=False, server_default=sa.false()))
        case.add_column(sa.Column("danger", sa.String()))
        case.add_column(sa.Column("redirected_to", sa.String()))
        case.add_column(sa.Column("answer_id", sa.Uuid()))
        case.add_column(sa.Column("answer_outcome", sa.String()))
        case.add_column(sa.Column("has_news", sa.Boolean(), nullable=False, server_default=sa.false()))
        case.add_column(sa.Column("fix_passed", sa.Boolean(), nullable=False, server_default=sa.false()))
        case.add_column(sa.Column("score", sa.Integer()))
    op.create_table(
        "letter",
        sa.Column("letter_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("letter")
    with op.batch_alter_table("appeal_case") as case:
        for name in ADDED:
            case.drop_column(name)
