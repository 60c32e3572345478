"""Many inquiries at once on PostgreSQL, all of them open."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.domain.regions import regions

_APPEALS = """
INSERT INTO appeal (appeal_id, number, region, tier, kind, category, provider_id, discloses, received_at, closed)
SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, '2026-43-' || lpad(i::text, 7, '0') || '-0',
    (CAST(:regions AS text[]))[1 + i % cardinality(CAST(:regions AS text[]))], 2, 'COMPLAINT', 'WAITING',
    ('00000000-0000-4000-9000-' || lpad((i % 1300)::text, 12, '0'))::uuid, false, :now, false
FROM generate_series(1, :n) AS i
"""
_INQUIRIES = """
INSERT INTO inquiry (
    inquiry_id, appeal_id, provider_id, category, status, discloses, due_at, overdue, settled, closed_at, sent_at, version, clock,
    next_step_at
)
SELECT gen_random_uuid(), appeal_id, provider_id, 'WAITING', 'DELIVERED', false, due_at, false, false, NULL, received_at, 1,
    'PROVIDER_REPLY', due_at
FROM (
    SELECT *, CAST(:now AS timestamptz)
        + CASE WHEN serial <= :due THEN -serial * interval '1 second' ELSE serial * interval '1 hour' END AS due_at
    FROM (SELECT *, row_number() OVER (ORDER BY appeal_id) AS serial FROM appeal) AS numbered
) AS made
"""


async def add_open_inquiries(engine: AsyncEngine, n: int, *, due: int, now: datetime) -> None:
    """Insert `n` open inquiries. `due` of them have passed their due date by `now`, each at another second."""
    async with engine.begin() as connection:
        await connection.execute(text(_APPEALS), {"n": n, "now": now, "regions": sorted(regions())})
        await connection.execute(text(_INQUIRIES), {"due": due, "now": now})
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE appeal, inquiry"))
