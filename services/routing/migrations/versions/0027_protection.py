"""Protected cases: who may see them, the body to which each was passed on, and the proofs that it arrived.

Open cases are counted by the rule of visibility, so the indexes that count them include the new column on PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PROTECTED = sa.text("protection IS NOT NULL")
OPEN = sa.text("closed_at IS NULL")
COUNTED = ("assignee", "status", "kind", "language", "received_at", "sends_at", "updated_at")
INDEXES = (
    ("ix_case_region_due", ["region", "next_due_at", "appeal_id"], None, (), ()),
    ("ix_case_open_due", ["next_due_at", "appeal_id"], OPEN, ("region", "tier"), COUNTED),
    ("ix_case_open_region", ["region", "next_due_at", "appeal_id"], OPEN, ("tier",), COUNTED),
    ("ix_case_open_tier", ["tier", "next_due_at", "appeal_id"], OPEN, ("region",), COUNTED),
    ("ix_case_news", ["next_due_at", "appeal_id"], sa.text("has_news"), ("region", "tier"), ()),
    ("ix_case_unsorted", ["next_due_at", "appeal_id"], sa.text("unsorted"), ("region", "tier"), ()),
)
ROOTS = (("EXTORTION", "SENSITIVE"), ("CORRUPTION", "SENSITIVE"), ("PRIVACY", "SENSITIVE"), ("FUND_SERVICE", "FUND"))
"""The categories that are protected, with the ground's code where it differs: cases that exist already follow them."""


def upgrade() -> None:
    op.add_column("appeal_case", sa.Column("protection", sa.String()))
    op.add_column("appeal_case", sa.Column("protection_ground", sa.String()))
    op.add_column("appeal_case", sa.Column("concerned", sa.String()))
    op.add_column("appeal_case", sa.Column("unproved_body", sa.String()))
    case = sa.table(
        "appeal_case",
        *(sa.column(name) for name in ("protection", "protection_ground", "category", "queue", "language", "tier", "assignee")),
    )
    for category, protection in ROOTS:
        ground = "FUND" if category == "FUND_SERVICE" else category
        queue = sa.literal("KZ-00/protected/").concat(case.c.language)
        changed = {"protection": protection, "protection_ground": ground, "queue": queue, "tier": 3, "assignee": None}
        op.execute(case.update().where(case.c.category == category).values(**changed))
    op.create_index("ix_case_protected", "appeal_case", ["next_due_at", "appeal_id"], sqlite_where=PROTECTED, postgresql_where=PROTECTED)
    op.create_table(
        "body_delivery",
        sa.Column("delivery_id", sa.Uuid(), primary_key=True),
        sa.Column("appeal_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
    )
    _replace(with_protection=True)


def downgrade() -> None:
    _replace(with_protection=False)
    op.drop_table("body_delivery")
    op.drop_index("ix_case_protected", "appeal_case")
    with op.batch_alter_table("appeal_case") as case:
        for name in ("protection", "protection_ground", "concerned", "unproved_body"):
            case.drop_column(name)


def _replace(*, with_protection: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, columns, where, visible, counted in INDEXES:
        op.drop_index(name, "appeal_case")
        included = [*visible, *(("protection", "concerned") if with_protection else ()), *counted]
        op.create_index(name, "appeal_case", columns, postgresql_where=where, postgresql_include=included)
