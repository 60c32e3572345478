"""Plain names for columns of calls: received_at, published_at and claimed_by."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

RENAMED = (("call", "heard_at", "received_at"), ("call", "told_at", "published_at"), ("call_back", "taken_by", "claimed_by"))


def upgrade():
    op.drop_index("ix_call_told", "call")
    for table, old, new in RENAMED:
        op.execute(f'ALTER TABLE "{table}" RENAME COLUMN {old} TO {new}')
    op.create_index("ix_call_unpublished", "call", ["published_at", "received_at"])


def downgrade():
    op.drop_index("ix_call_unpublished", "call")
    for table, old, new in RENAMED:
        op.execute(f'ALTER TABLE "{table}" RENAME COLUMN {new} TO {old}')
    op.create_index("ix_call_told", "call", ["told_at", "heard_at"])
