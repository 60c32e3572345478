"""Copies of stored appeals, made in SQL: from a few that the suite has processed to any number, in all four databases alike."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncpg
import psutil

from suite.processes import SERVICES
from tests.benchmarks.end_to_end import database_url
from tests.benchmarks.ground import Ground
from tests.benchmarks.growth_plan import PLANS, POSITIONS, SECONDS_PER_APPEAL, ColumnOf, values

OPEN_SHARE = 0.05  # of the stored appeals. 15 days of the country's appeals are 4 % of a year's
ROWS_AT_ONCE = 20_000  # copies of appeals in a statement
LAST_SERIAL = 9_999_999  # seven digits
DAY = 24 * 3600
MEMORY_SHARE = 8  # the part of the memory that PostgreSQL buffers while it copies
Show = Callable[[int], None]
"""Receives the number of appeals that all databases have."""

# Only while the suite is stopped and rows are copied: a crash would lose nothing that cannot be made again.
_WHILE_COPYING = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "'16GB'",
    "checkpoint_timeout": "'30min'",
    "maintenance_work_mem": "'512MB'",
}

# A copy's id keeps the version of its source: those of version 7 begin with the time, so that they lie together in an index.
_FUNCTIONS = """
    CREATE SCHEMA growth;
    CREATE FUNCTION growth.id(id uuid, copy bigint, age float8) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN substr(id::text, 15, 1) = '7' THEN
            (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - (age * 1000)::bigint), 12, '0')
             || '7' || substr(md5(id::text || copy), 14))::uuid
        ELSE overlay(md5(id::text || copy) PLACING '5' FROM 13)::uuid END $$;
    CREATE FUNCTION growth.number(number text, further bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT substr(number, 1, 8) || lpad((substr(number, 9, 7)::bigint + further)::text, 7, '0') || substr(number, 16) $$;
    CREATE TABLE growth.source (appeal_id uuid PRIMARY KEY, closed boolean NOT NULL, place bigint NOT NULL);
"""


class TooManyAppeals(ValueError):
    """The register's numbers do not suffice for the wanted size."""


@dataclass(frozen=True)
class Sources:
    """The appeals that are copied. `span`: registration numbers that a copy of all takes."""

    closed: int
    open: int
    span: int


@dataclass(frozen=True)
class Block:
    """Copies number `first` and later of all closed or all open sources, `count` rows altogether."""

    closed: bool
    first: int
    count: int
    of: int

    @property
    def last(self) -> int:
        return self.first + -(-self.count // self.of) - 1 if self.count else self.first - 1


async def prepare(ground: Ground, prefix: str) -> Sources:
    """Note the appeals that are stored now as the sources of all copies. The suite must be stopped."""
    databases = await _connect(ground, prefix)
    try:
        found = await databases["routing"].fetch(
            "SELECT appeal_id, closed_at IS NOT NULL, row_number() OVER (PARTITION BY closed_at IS NOT NULL ORDER BY appeal_id) - 1"
            " FROM appeal_case"
        )
        rows = [tuple(row) for row in found]
        await asyncio.gather(*(_prepare(service, each, rows) for service, each in databases.items()))
        closed = sum(row[1] for row in rows)
        span = 1 + await databases["routing"].fetchval("SELECT max(serial) FROM appeal_case")
    finally:
        await _close(databases)
    assert closed, "no appeal is closed, so that there is nothing to copy"
    assert len(rows) > closed, "no appeal is open"
    return Sources(closed, len(rows) - closed, span)


async def _prepare(service: str, database: asyncpg.Connection, rows: list[tuple[object, ...]]) -> None:
    await database.execute(_FUNCTIONS)
    await database.copy_records_to_table("source", schema_name="growth", records=rows, columns=["appeal_id", "closed", "place"])
    closed_share = sum(bool(row[1]) for row in rows) / len(rows)
    for table, appeal_id in PLANS[service].by_appeal.items():
        await database.execute(
            f"CREATE TABLE growth.{table} AS SELECT source.closed AS growth_closed, source.place AS growth_place, t.*"
            f" FROM public.{table} t JOIN growth.source ON source.appeal_id = {appeal_id}"
            f" WHERE NOT ({PLANS[service].unfinished.get(table, 'false')}) ORDER BY source.place"
        )
    for table in PLANS[service].by_request:
        await database.execute(
            f"CREATE TABLE growth.{table} AS SELECT true AS growth_closed, 0 AS growth_place, t.* FROM public.{table} t"
            f" LIMIT (SELECT ceil(count(*) * $1::float8) FROM public.{table})".replace("$1::float8", repr(closed_share))
        )


async def grow(ground: Ground, prefix: str, sources: Sources, wanted: int, show: Show) -> None:
    """Copy until `wanted` appeals are stored, 95 % of them closed if the open ones are not more already. The suite must be stopped.

    The server is restarted before and after, with the settings of the measurement at the end.
    """
    await _change_settings(ground, _WHILE_COPYING | {"shared_buffers": f"'{psutil.virtual_memory().total // MEMORY_SHARE // 2**20}MB'"})
    databases = await _connect(ground, prefix)
    try:
        for each in databases.values():
            await each.execute("SET session_replication_role = replica")  # the copies' references hold as their sources' do
        blocks = await _blocks(databases, sources, wanted)
        done = dict.fromkeys(databases, 0)

        def note(service: str, count: int) -> None:
            done[service] += count
            show(min(done.values()))

        await asyncio.gather(*(_copy(service, each, sources, blocks, note) for service, each in databases.items()))
        after = 1 + max(block.last for block in blocks)
        await databases["intake"].fetch(
            "SELECT setval('register_sequence', greatest($1, last_value)) FROM register_sequence", after * sources.span
        )
        await databases["intake"].execute("UPDATE update_counter SET last = greatest($1, last)", after * POSITIONS)
        await asyncio.gather(*(each.execute("VACUUM (ANALYZE)") for each in databases.values()))
    finally:
        await _close(databases)
    await _change_settings(ground, dict.fromkeys((*_WHILE_COPYING, "shared_buffers"), None))


async def _blocks(databases: Mapping[str, asyncpg.Connection], sources: Sources, wanted: int) -> list[Block]:
    stored, opened = await databases["routing"].fetchrow("SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL) FROM appeal_case")
    more_open = max(0, min(wanted - stored, round(wanted * OPEN_SHARE) - opened))
    more_closed = max(0, wanted - stored - more_open)
    first = 1 + await databases["intake"].fetchval("SELECT last_value FROM register_sequence") // sources.span
    blocks = [Block(True, first, more_closed, sources.closed), Block(False, first, more_open, sources.open)]
    if (2 + max(block.last for block in blocks)) * sources.span > LAST_SERIAL:
        raise TooManyAppeals(f"{wanted} appeals need more registration numbers than {LAST_SERIAL}")
    return blocks


async def _copy(
    service: str, database: asyncpg.Connection, sources: Sources, blocks: list[Block], note: Callable[[str, int], None]
) -> None:
    statements = [(await _statement(database, table), None) for table in PLANS[service].by_appeal]
    statements += [(await _statement(database, table), days) for table, days in PLANS[service].by_request.items()]
    step = max(1, ROWS_AT_ONCE // sources.closed)
    for block in blocks:
        block_age = block.of * SECONDS_PER_APPEAL if block.closed else 0.0
        for first in range(block.first, block.last + 1, step):
            last = min(first + step - 1, block.last)
            for number, (statement, days) in enumerate(statements):
                if number >= len(PLANS[service].by_appeal) and not block.closed:
                    continue
                limit = last if days is None else min(last, int(days * DAY / block_age)) if block.closed else last
                if first <= limit:
                    left = block.count - (first - block.first) * block.of
                    await database.execute(statement, first, limit, block.closed, left, block.of, block_age, sources.span)
            note(service, min(block.count - (first - block.first) * block.of, step * block.of))


async def _statement(database: asyncpg.Connection, table: str) -> str:
    """Return the statement that copies the rows of a table.

    Its arguments: the first and the last copy, whether of the closed appeals, how many appeals, how many there are, the age of a copy in
    seconds for each copy before it, and the registration numbers of a copy.
    """
    found = await database.fetch(
        "SELECT column_name, data_type, column_default LIKE 'nextval%' OR is_identity = 'YES' AS numbered FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
        table,
    )
    columns = [ColumnOf(row["column_name"], row["data_type"], bool(row["numbered"])) for row in found]
    names, sources = zip(*values(columns), strict=True)
    return (
        f"INSERT INTO public.{table} ({', '.join(names)}) SELECT {', '.join(sources)}"
        f" FROM generate_series($1::bigint, $2::bigint) AS copy"
        f" CROSS JOIN LATERAL (SELECT copy * $6::float8 AS age, $7::bigint AS span) AS of_copy"
        f" JOIN growth.{table} s ON s.growth_closed = $3::boolean AND (copy - $1::bigint) * $5::bigint + s.growth_place < $4::bigint"
    )


async def _change_settings(ground: Ground, settings: Mapping[str, str | None]) -> None:
    """Change the server's settings and restart it, with everything written to disk. None: as it was."""
    server = await asyncpg.connect(f"{ground.postgres.url}/postgres")
    try:
        for name, value in settings.items():
            await server.execute(f"ALTER SYSTEM RESET {name}" if value is None else f"ALTER SYSTEM SET {name} = {value}")
        await server.execute("CHECKPOINT")
    finally:
        await server.close()
    await asyncio.to_thread(ground.postgres.restart)
    await asyncio.to_thread(os.sync)  # what was written while `fsync` was off


async def _connect(ground: Ground, prefix: str) -> dict[str, asyncpg.Connection]:
    return {service: await asyncpg.connect(database_url(ground, prefix, service), command_timeout=None) for service in SERVICES}


async def _close(databases: Mapping[str, asyncpg.Connection]) -> None:
    for each in databases.values():
        await each.close()
