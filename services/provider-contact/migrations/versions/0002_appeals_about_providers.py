"""Appeals that concern no provider are not stored any more: delete those that earlier versions stored.

Deleted are appeals without a provider, an inquiry and a name that waits for a clerk. An appeal that is not routed yet stays: a worker of
the earlier version, if one still runs, parks the routing of an appeal that it does not know.

On PostgreSQL every batch is a transaction of its own on a second connection, and rows that somebody else has locked are passed over, so
that nobody waits for the migration. A migration that fails half-way has deleted nothing that is of use.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 10_000  # 0.1 s on two cores

_UNUSED = """
    provider_id IS NULL AND kind IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM inquiry WHERE inquiry.appeal_id = appeal.appeal_id)
    AND NOT EXISTS (SELECT 1 FROM name_match WHERE name_match.appeal_id = appeal.appeal_id)
"""
_DELETE_ALL = sa.text(f"DELETE FROM appeal WHERE {_UNUSED}")  # noqa: S608 - constants
_DELETE_BATCH = sa.text(f"""
    WITH part AS (SELECT appeal_id FROM appeal WHERE appeal_id > :after ORDER BY appeal_id LIMIT :batch),
    unlocked AS (SELECT appeal_id FROM appeal WHERE appeal_id IN (SELECT appeal_id FROM part) AND {_UNUSED} FOR UPDATE SKIP LOCKED),
    deleted AS (DELETE FROM appeal USING unlocked WHERE appeal.appeal_id = unlocked.appeal_id)
    SELECT appeal_id FROM part ORDER BY appeal_id DESC LIMIT 1
""")  # noqa: S608 - constants
_FIRST = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.execute(_DELETE_ALL)
        return
    if not connection.scalar(sa.text("SELECT EXISTS (SELECT 1 FROM appeal)")):
        return  # also a new database, whose table another connection cannot see yet
    with connection.engine.connect() as other:
        after = _FIRST
        while after is not None:
            with other.begin():
                after = other.scalar(_DELETE_BATCH, {"after": after, "batch": BATCH})


def downgrade() -> None:
    """Nothing: the deleted rows were of no use."""
