"""What the figures of time and course need of an appeal: its number, extension, reopening, and how long each party held it.

Extensions, reopenings and times are computed from the stored transitions. The number is not stored anywhere in this service: it stays NULL
for appeals that were counted before, until the facts are built again from the log. The district of a provider comes with its next event.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOLLOWS = sa.text("follows IS NOT NULL")
_ANSWERED = sa.text("answered_at IS NOT NULL")
_HELD = {
    "held_by_fund": "'FUND_TIER1', 'FUND_TIER2', 'FUND_TIER3'",
    "held_by_provider": "'PROVIDER'",
    "held_by_applicant": "'APPLICANT'",
}


def upgrade() -> None:
    with op.batch_alter_table("fact") as fact:
        fact.add_column(sa.Column("number", AutoString()))
        for name in ("extended", "reopened"):
            fact.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        for name in _HELD:
            fact.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("provider") as provider:
        provider.add_column(sa.Column("district", AutoString()))
    _from_transitions()
    op.create_index("ix_fact_follows", "fact", ["follows"], sqlite_where=_FOLLOWS, postgresql_where=_FOLLOWS)
    columns = ["received_on", "region", "kind", "follows", "imported", "received_at", "answered_at"]
    op.create_index("ix_fact_answer_time", "fact", columns, sqlite_where=_ANSWERED, postgresql_where=_ANSWERED)


def _from_transitions() -> None:
    op.create_index("ix_transition_appeal", "transition", ["appeal_id"])  # for these statements alone
    for column, event in (("extended", "term-extended"), ("reopened", "case-reopened")):
        op.execute(f"UPDATE fact SET {column} = TRUE WHERE appeal_id IN (SELECT appeal_id FROM transition WHERE type = '{event}')")  # noqa: S608
    for column, holders in _HELD.items():
        held = f"SELECT sum(dwell_seconds) FROM transition WHERE appeal_id = fact.appeal_id AND holder_before IN ({holders})"  # noqa: S608
        op.execute(f"UPDATE fact SET {column} = coalesce(({held}), 0)")  # noqa: S608
    op.drop_index("ix_transition_appeal", "transition")


def downgrade() -> None:
    op.drop_index("ix_fact_answer_time", "fact")
    op.drop_index("ix_fact_follows", "fact")
    with op.batch_alter_table("provider") as provider:
        provider.drop_column("district")
    with op.batch_alter_table("fact") as fact:
        for name in ("number", "extended", "reopened", *_HELD):
            fact.drop_column(name)
