"""Rollups, inquiries, promises and reopenings; since when an appeal waits no more.

For stored appeals the day of the end comes from the times that are stored, and there are no inquiries, promises and reopenings yet.
`aryz rebuild analytics` fills them from the log. The rollups are counted by the worker after its start.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WAITING = sa.text("answered_at IS NULL AND closed_at IS NULL")
_COUNTS = (
    "n", "ours", "answered", "answered_due", "in_time", "late", "extended", "reopened", "first_contact", "answered_first_tier", "leaked",
    "held_by_fund_n", "held_by_fund", "held_by_provider_n", "held_by_provider", "held_by_applicant_n", "held_by_applicant", "everything",
    "score_n", "score", "reviewed", "agreed",
)  # fmt: skip
_SUMS = ("held_by_fund", "held_by_provider", "held_by_applicant")
_TABLES = ("reopening", "inquiry_fact", "commitment_fact", "rollup_day", "rollup_month", "pending_recount", "rollup_state")


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.add_column(sa.Column("ended_on", sa.Date()))
        fact.add_column(sa.Column("reopening_id", sa.Uuid()))
    ended = "coalesce(answered_at, closed_at, moved_at)"
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    day = f"date({ended}, '+5 hours')" if is_sqlite else f"({ended} AT TIME ZONE 'UTC' + interval '5 hours')::date"
    waiting = "'RECEIVED', 'REGISTERED', 'IN_REVIEW', 'AWAITING_PROVIDER', 'AWAITING_APPLICANT', 'NEEDS_FIX', 'EXTENDED'"
    op.execute(f"UPDATE fact SET ended_on = {day} WHERE status NOT IN ({waiting})")  # noqa: S608
    op.create_index("ix_fact_waiting", "fact", ["due_at"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    _grains()
    for name in ("rollup_day", "rollup_month"):
        op.create_table(
            name,
            sa.Column("dimension", AutoString(), primary_key=True),
            sa.Column("region", AutoString(), primary_key=True),
            sa.Column("first", sa.Date(), primary_key=True),
            sa.Column("kind", AutoString(), primary_key=True),
            sa.Column("code", AutoString(), primary_key=True),
            *(sa.Column(each, sa.BigInteger() if each in _SUMS else sa.Integer()) for each in _COUNTS),
        )
    op.create_table(
        "pending_recount",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("received_on", sa.Date()),
        sa.Column("region", AutoString()),
        sa.Column("appeal_id", sa.Uuid()),
    )
    op.create_table(
        "rollup_state",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("leakage_seconds", sa.Integer(), nullable=False),
    )


def _grains() -> None:
    op.create_table(
        "reopening",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
    )
    op.create_index("ix_reopening_opened", "reopening", ["opened_on", "region"])
    op.create_table(
        "inquiry_fact",
        sa.Column("inquiry_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("category", AutoString(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime()),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("refusal_reason", AutoString()),
        sa.Column("refusal_lawful", sa.Boolean()),
    )
    op.create_index("ix_inquiry_sent", "inquiry_fact", ["sent_on", "region"])
    op.create_table(
        "commitment_fact",
        sa.Column("commitment_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("result", AutoString()),
    )
    op.create_index("ix_commitment_due", "commitment_fact", ["due_on", "region"])


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)
    op.drop_index("ix_fact_waiting", "fact")
    with op.batch_alter_table("fact") as fact:
        for name in ("ended_on", "reopening_id"):
            fact.drop_column(name)
