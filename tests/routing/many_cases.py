"""Many cases at once on PostgreSQL, 95 % of them closed, for plans and times of lists."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.domain.regions import regions

_SEED = """
INSERT INTO appeal_case (
    appeal_id, number, number_digits, serial, version, status, kind, statutory_form, category, topic, tier, urgency, holder, queue,
    assignee, region, provider_id, language, channel, classification, received_at, registered_at, imported, outcome, closed_at,
    anonymous, has_news, fix_passed, updated_at, next_due_at
)
SELECT
    gen_random_uuid(),
    '2026-' || substr(region, 4) || '-' || lpad(i::text, 7, '0') || '-0',
    (2026 * 100 + substr(region, 4)::int)::bigint * 100000000 + i::bigint * 10,
    i, 1,
    CASE WHEN is_open THEN 'IN_REVIEW' ELSE 'CLOSED' END,
    CASE WHEN tier = 1 THEN 'CONSULTATION' ELSE 'COMPLAINT' END,
    'ZAYAVLENIE',
    CASE WHEN tier = 1 THEN NULL ELSE 'WAITING' END,
    CASE WHEN tier = 1 THEN 'PAY_RATES' END,
    tier, 'NORMAL', 'FUND_TIER' || tier,
    region || '/' || tier || '/' || language,
    CASE WHEN i % 3 = 0 THEN 'clerk-' || i % 200 END,
    region,
    CASE WHEN i % 4 = 0 THEN ('00000000-0000-4000-8000-' || lpad((i % 1300)::text, 12, '0'))::uuid END,
    language, (ARRAY['WEB', 'APP', 'CALL_1414'])[1 + i % 3],
    '{"decision": "auto"}',
    received, received, false,
    CASE WHEN is_open THEN NULL ELSE 'EXPLAINED' END,
    CASE WHEN is_open THEN NULL ELSE received + interval '5 days' END,
    false, is_open AND i % 7 = 0, false,
    received + interval '5 days',
    CASE WHEN is_open THEN received + :term * interval '1 day' ELSE timestamptz '9999-12-31 00:00:00+00' END
FROM (
    SELECT
        i,
        (CAST(:regions AS text[]))[1 + i % cardinality(CAST(:regions AS text[]))] AS region,
        CASE WHEN i % 100 = 0 THEN 3 WHEN i % 14 = 0 THEN 2 ELSE 1 END AS tier,
        CASE WHEN i % 2 = 0 THEN 'kk' ELSE 'ru' END AS language,
        (i::bigint * 7919) % 20 < :open_of_20 AS is_open,
        timestamptz '2026-02-02 09:15:00+00' - (:n - i) * interval '30 seconds' AS received
    FROM generate_series(1, :n) AS i
) AS made
"""


_OVERDUE = """
UPDATE appeal_case
SET next_due_at = CAST(:now AS timestamptz) - (:overdue - serial) * interval '1 second'
        + CASE WHEN serial <= :overdue THEN interval '0' ELSE interval '2 days' END,
    assignee = CASE WHEN serial % 2 = 0 THEN 'clerk-' || serial % 200 END
WHERE serial <= 2 * :overdue
"""
_CLOCKS = """
INSERT INTO clock (
    clock_id, appeal_id, policy, statutory, started_at, due_at, calendar_version, state, warn_at, next_at
)
SELECT gen_random_uuid(), appeal_id, 'APPK_15WD', true, registered_at, next_due_at, 'test', 'RUNNING', next_due_at, next_due_at
FROM appeal_case
"""


async def add_open_cases(engine: AsyncEngine, n: int, *, overdue: int, now: datetime) -> None:
    """Insert `n` open cases with their clocks. `overdue` of them are due by `now`, as many two days later, half of them unassigned."""
    await add_many_cases(engine, n, open_of_20=20, term=400)
    async with engine.begin() as connection:
        await connection.execute(text(_OVERDUE), {"overdue": overdue, "now": now})
        await connection.execute(text(_CLOCKS))
    await _analyze(engine, "clock")


async def add_many_cases(engine: AsyncEngine, n: int, *, open_of_20: int = 1, term: int = 21) -> None:
    """Insert `n` cases and let PostgreSQL gather its statistics.

    The latest was received at the tests' NOW. `open_of_20` of every 20 are open, and due `term` days after their receipt.
    """
    async with engine.begin() as connection:
        given = {"n": n, "regions": sorted(regions()), "open_of_20": open_of_20, "term": term}
        await connection.execute(text(_SEED), given)
    await _analyze(engine, "appeal_case")


async def _analyze(engine: AsyncEngine, table: str) -> None:
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(f"VACUUM (ANALYZE) {table}"))
