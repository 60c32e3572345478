"""Facts of five years of the country, made by one statement of each engine; the same on both but for the ids."""

from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analytics.facts.models import fact, transition
from shared.domain.regions import CENTRAL_OFFICE, regions

A_DAY: Final = 2_738  # facts: 5 000 000 in 1 826 days
LAST_DAY: Final = date(2025, 12, 31)
YEAR: Final = ("2025-01-01", "2025-12-31")
STEP: Final = 250_000  # facts of one statement
_TOPICS: Final = ("PAY_METHODS", "PARTICIPATION", "STATUS_CHECK", "BENEFIT_CATEGORY", "REFERRAL", "DENTAL", "SICK_LEAVE")
_CATEGORIES: Final = ("REFUSAL", "QUALITY_TREATMENT", "WAITING", "DRUGS", "REFUSAL_APPOINTMENT")
_CHANNELS: Final = ("CALL_1406", "CALL_1406", "CALL_1406", "APP", "WEB", "TELEGRAM")
_REGIONS: Final = tuple(code for code in regions() if code != CENTRAL_OFFICE)


def _pick(codes: tuple[str, ...], number: str) -> str:
    """Return the SQL that picks a code by a number that is spread evenly."""
    cases = " ".join(f"WHEN {index} THEN '{code}'" for index, code in enumerate(codes))
    return f"CASE {number} % {len(codes)} {cases} END"


_DAY: Final = "(n * 7919 % {days})"
_SECONDS: Final = "(n * 104729 % 30000)"
_KIND: Final = "(CASE WHEN n % 100 < 93 THEN 'CONSULTATION' WHEN n % 100 < 96 THEN 'COMPLAINT' ELSE 'REQUEST' END)"
_OPEN: Final = "((n * 7919 % {days}) > {days} - 21 AND n % 5 < 3 OR n % 1000 = 7)"
_TOOK: Final = "((n * 15485863 % 1700000) + 60)"


def _columns(*, is_sqlite: bool) -> dict[str, str]:
    """Return the SQL of every column of a fact with the number `n`."""
    if is_sqlite:
        start = f"({{start}} + {_DAY} * 86400 + {_SECONDS})"

        def at(seconds: str) -> str:
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', {start} + {seconds}, 'unixepoch')"

        ids = "printf('%016x%016x', n * -7046029254386353131, n)"
        day, provider = f"date({start}, 'unixepoch')", "printf('%032x', n * 31 % 1300 + 1)"
        ended = f"date({start} + {_TOOK}, 'unixepoch')"
    else:
        start = f"(to_timestamp({{start}}) + make_interval(secs => {_DAY} * 86400 + {_SECONDS}))"

        def at(seconds: str) -> str:
            return f"({start} + make_interval(secs => {seconds}))"

        ids = "md5(n::text)::uuid"
        day, provider = f"(({start}) AT TIME ZONE 'UTC')::date", "lpad(to_hex(n * 31 % 1300 + 1), 32, '0')::uuid"
        ended = f"({start} + make_interval(secs => {_TOOK}))::date"
    unless_open = f"CASE WHEN NOT {_OPEN} THEN"
    complaint = f"CASE WHEN {_KIND} = 'COMPLAINT' THEN"
    return {
        "appeal_id": ids, "region": _pick(_REGIONS, "(n * 17)"), "channel": _pick(_CHANNELS, "(n * 13)"),
        "language": _pick(("kk", "ru"), "(n * 11)"), "kind": _KIND, "category": f"{complaint} {_pick(_CATEGORIES, '(n / 100)')} END",
        "topic": f"CASE WHEN {_KIND} = 'CONSULTATION' THEN {_pick(_TOPICS, '(n / 7)')} END",
        "tier": f"CASE WHEN {_KIND} = 'CONSULTATION' THEN 1 ELSE 2 END", "urgency": "'NORMAL'",
        "provider_id": f"{complaint} {provider} END", "imported": "1 = 0",
        "status": f"CASE WHEN {_OPEN} THEN 'IN_REVIEW' ELSE 'CLOSED' END",
        "outcome": f"{unless_open} {_pick(('EXPLAINED', 'JUSTIFIED', 'RESOLVED_ON_SPOT', 'WITHDRAWN'), '(n / 3)')} END",
        "received_at": at("0"), "received_on": day, "registered_at": at("0"), "due_at": at("1814400"), "routed_at": at("5"),
        "answered_at": f"{unless_open} {at(_TOOK)} END", "closed_at": f"{unless_open} {at(_TOOK)} END", "moved_at": at(_TOOK),
        "follows": "NULL", "confirmed": "NULL", "score": "CASE WHEN n % 20 = 3 THEN n % 5 + 1 END",
        "proof": f"{complaint} {_pick(('CONFIRMED', 'VERIFIED', 'WITHDRAWN', 'NO_ANSWER'), '(n / 9)')} END",
        "decision": _pick(("auto", "suggest", "triage"), "(n * 7)"), "agreed": f"{unless_open} n % 9 <> 1 END",
        "number": "'2025-43-0000000-0'", "extended": "n % 50 = 1",
        "reopened": "n % 70 = 1", "held_by_fund": _TOOK, "held_by_provider": f"{complaint} 3600 ELSE 0 END",
        "held_by_applicant": "0", "ended_on": f"{unless_open} {ended} END", "reopening_id": "NULL",
        "protection": "CASE WHEN n % 400 = 1 THEN 'SENSITIVE' END",
    }  # fmt: skip


async def add_many_facts(engine: AsyncEngine, size: int) -> None:
    """Insert so many facts of the days until `LAST_DAY`, a transition for each, and let the planner know the tables."""
    is_sqlite = engine.dialect.name == "sqlite"
    days = max(30, size // A_DAY)
    start = int(datetime(*LAST_DAY.timetuple()[:3], 3, tzinfo=UTC).timestamp()) - (days - 1) * 86_400
    columns = {
        name: value.replace("{days}", str(days)).replace("{start}", str(start)) for name, value in _columns(is_sqlite=is_sqlite).items()
    }
    assert columns.keys() == {column.name for column in fact.columns}
    event_id = columns["appeal_id"]
    transitions = f"{event_id}, {event_id}, 'appeal-registered', {columns['received_at']}, 'citizen', 'FUND_TIER1', "
    transitions += "FALSE" if not is_sqlite else "0"
    into = "event_id, appeal_id, type, at, actor_kind, holder_after, backward"
    indexes = [index for table in (fact, transition) for index in sorted(table.indexes, key=lambda each: str(each.name))]
    async with engine.begin() as connection:
        for index in indexes:  # created again when the rows are there, which takes a third of the time
            await connection.run_sync(index.drop)
    for first in range(0, size, STEP):
        last = min(size, first + STEP) - 1
        numbers = (
            f"(WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers)"
            if is_sqlite
            else f"(SELECT generate_series({first}::bigint, {last}::bigint) AS n) AS numbers"
        )
        async with engine.begin() as connection:
            names, values = ", ".join(columns), ", ".join(columns.values())
            await connection.execute(text(f"INSERT INTO {fact.name} ({names}) SELECT {values} FROM {numbers}"))
            await connection.execute(text(f"INSERT INTO {transition.name} ({into}) SELECT {transitions} FROM {numbers}"))
    async with engine.begin() as connection:
        for index in indexes:
            await connection.run_sync(index.create)
    if not is_sqlite:
        async with engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await free.execute(text(f"VACUUM ANALYZE {fact.name}"))
            await free.execute(text(f"VACUUM ANALYZE {transition.name}"))
