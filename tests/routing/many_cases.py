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
    'STATEMENT',
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
    CASE WHEN is_open THEN received + interval '21 days' ELSE timestamptz '9999-12-31 00:00:00+00' END
FROM (
    SELECT
        i,
        (CAST(:regions AS text[]))[1 + i % cardinality(CAST(:regions AS text[]))] AS region,
        CASE WHEN i % 100 = 0 THEN 3 WHEN i % 14 = 0 THEN 2 ELSE 1 END AS tier,
        CASE WHEN i % 2 = 0 THEN 'kk' ELSE 'ru' END AS language,
        (i * 7919) % 20 = 0 AS is_open,
        timestamptz '2026-02-02 09:15:00+00' - (:n - i) * interval '30 seconds' AS received
    FROM generate_series(1, :n) AS i
) AS made
"""


_OPEN = """
UPDATE appeal_case
SET status = 'IN_REVIEW', outcome = NULL, closed_at = NULL,
    next_due_at = CASE WHEN serial <= :overdue THEN CAST(:now AS timestamptz) - (:overdue - serial) * interval '1 second'
                       ELSE CAST(:now AS timestamptz) + interval '1 year' END,
    assignee = CASE WHEN serial % 2 = 0 THEN 'clerk-' || serial % 200 END
"""
_CLOCKS = """
INSERT INTO clock (
    clock_id, appeal_id, policy, statutory, started_at, due_at, calendar_version, state, warn_at, next_at
)
SELECT gen_random_uuid(), appeal_id, 'APPK_15WD', true, registered_at, next_due_at, 'test', 'RUNNING', next_due_at, next_due_at
FROM appeal_case
"""


async def add_open_cases(engine: AsyncEngine, n: int, *, overdue: int, now: datetime) -> None:
    """Insert `n` open cases with their clocks. The first `overdue` are due by `now`, one every second, half of them unassigned."""
    await add_many_cases(engine, n)
    async with engine.begin() as connection:
        await connection.execute(text(_OPEN), {"overdue": overdue, "now": now})
        await connection.execute(text(_CLOCKS))
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("VACUUM (ANALYZE) appeal_case, clock"))


async def add_many_cases(engine: AsyncEngine, n: int) -> None:
    """Insert `n` cases and let PostgreSQL gather its statistics. The latest was received at the tests' NOW."""
    async with engine.begin() as connection:
        await connection.execute(text(_SEED), {"n": n, "regions": sorted(regions())})
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("VACUUM (ANALYZE) appeal_case"))
