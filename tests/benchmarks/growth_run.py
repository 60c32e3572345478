"""One size of the growth benchmark: start the suite over what is stored, send appeals at full speed, and measure what each costs."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.contracts import AppealRegistered, AppealRouted
from suite.processes import SERVICES
from tests.benchmarks.country_load import SENT, SENT_ROW
from tests.benchmarks.country_run import Country, Order, Show, load, running
from tests.benchmarks.country_stages import Stage
from tests.benchmarks.country_usage import LOAD, MEGABYTE, Usage
from tests.benchmarks.end_to_end import percentile
from tests.benchmarks.ground import Ground
from tests.benchmarks.growth_consumers import ConsumerCost, Consumers
from tests.benchmarks.growth_statements import Statement, reset, statements

PREFIX = "growth"
WARM_UP = 1_000  # appeals before anything is measured: new processes have filled their caches then
_ROUTED = """
    SELECT registered.appeal_id, extract(epoch FROM routed.at - registered.at)::float8 * 1000
    FROM transition AS registered JOIN transition AS routed USING (appeal_id)
    WHERE registered.type = $1 AND routed.type = $2 AND registered.at >= to_timestamp($3) AND routed.at >= to_timestamp($3)
"""
_COUNTS = "SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL) FROM appeal_case"
_SIZES = """
    SELECT coalesce(sum(pg_table_size(pg_class.oid)), 0)::bigint, coalesce(sum(pg_indexes_size(pg_class.oid)), 0)::bigint
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = 'public' AND relkind = 'r'
"""
_INDEXES = "SELECT indexrelname, pg_relation_size(indexrelid) FROM pg_stat_user_indexes WHERE schemaname = 'public'"


@dataclass(frozen=True)
class Stored:
    """What the databases have: appeals, the open ones among them, bytes of tables and of their indexes by service, and of each index."""

    appeals: int
    open: int
    tables: Mapping[str, int]
    indexes: Mapping[str, int]
    by_index: Mapping[str, int]

    @property
    def megabytes(self) -> float:
        return (sum(self.tables.values()) + sum(self.indexes.values())) / MEGABYTE


@dataclass(frozen=True)
class SizeResult:
    """What appeals cost at one size. Processor time in ms for each, of the load generator too."""

    stored: Stored
    """Before the first of them."""
    copy_seconds: float
    """How long copying took."""
    appeals: int
    accepted_per_second: float
    per_second: float
    """Until every event that follows was consumed."""
    accepted: Stage
    routed: Stage
    """From `appeal-registered` to `appeal-routed`."""
    processor_ms: Mapping[str, float]
    load_ms: float
    consumers: Mapping[str, ConsumerCost]
    statements: list[Statement]
    missing: int
    """Accepted appeals that analytics does not know as routed."""


async def send_base(ground: Ground, order: Order, folder: Path, show: Show) -> None:
    """Send the appeals that are copied later, have the people act on them, and stop the suite."""
    async with running(ground, order, show, PREFIX) as country:
        await _send(country, order, folder, time.monotonic() + order.minutes * 60)


async def _send(country: Country, order: Order, folder: Path, deadline: float) -> None:
    job = await country.in_time(country.job(folder, order), deadline)
    async with load(job, country.show) as loading:
        loading.go_on()
        await country.in_time(loading.until("sent"), deadline)
        await country.in_time(country.quiet(), deadline)
        loading.go_on()
        await country.in_time(loading.until("done"), deadline)
        await country.in_time(country.quiet(), deadline)


def warm_up(appeals: int) -> int:
    """Return how many appeals are sent before so many are measured. They count as stored."""
    return min(WARM_UP, appeals)


async def measure(ground: Ground, order: Order, folder: Path, copy_seconds: float, show: Show) -> SizeResult:
    """Start the suite, warm up, run the order, measure, and stop the suite."""
    server = await asyncpg.connect(f"{ground.postgres.url}/postgres")
    try:
        async with running(ground, order, show, PREFIX) as country:
            deadline = time.monotonic() + order.minutes * 60
            await _send(country, Order(warm_up(order.appeals), order.seed + WARM_UP), folder, deadline)
            return await _measure(country, server, folder, copy_seconds, deadline)
    finally:
        await server.close()


async def _measure(country: Country, server: asyncpg.Connection, folder: Path, copy_seconds: float, deadline: float) -> SizeResult:
    databases, order = country.databases, country.order
    stored = await _stored(databases)
    await reset(server)
    job = await country.in_time(country.job(folder, order), deadline)
    workers = {service: country.processes.process(service, "worker").pid for service in SERVICES}
    consumers = Consumers(workers, databases, country.postgres())
    async with load(job, country.show) as loading:
        with Usage(country.pids(loading), country.postgres()) as usage:
            async with consumers:
                loading.go_on()
                sent = await country.in_time(loading.until("sent"), deadline)
                await country.in_time(country.quiet(), deadline)
                ended = time.time()
            loading.go_on()
            done = await country.in_time(loading.until("done"), deadline)
            await country.in_time(country.quiet(), deadline)
    count = sent["accepted"]
    spent = await statements(server, PREFIX, count)  # before this benchmark's own large query
    accepted, routed, missing = await _stages(databases["analytics"], await asyncio.to_thread((folder / SENT).read_bytes), sent["began"])
    return SizeResult(
        stored=stored,
        copy_seconds=round(copy_seconds, 1),
        appeals=count,
        accepted_per_second=round(count / (sent["ended"] - sent["began"]), 1),
        per_second=round(count / (ended - sent["began"]), 1),
        accepted=accepted,
        routed=routed,
        processor_ms={name: round(spent / count * 1000, 3) for name, spent in usage.processor_seconds.items() if name != LOAD},
        load_ms=round(done["processor_seconds"] / count * 1000, 3),
        consumers=consumers.costs(),
        statements=spent,
        missing=missing + (order.appeals - count),
    )


async def _stages(analytics: asyncpg.Connection, sent_rows: bytes, began: float) -> tuple[Stage, Stage, int]:
    """Return the time until the response, the time until routing, and how many accepted appeals were not routed."""
    sent = {row[0]: row[2] for row in SENT_ROW.iter_unpack(sent_rows)}
    found = await analytics.fetch(_ROUTED, AppealRegistered.FACT, AppealRouted.FACT, began - 1)
    routed = [ms for appeal_id, ms in found if appeal_id.bytes in sent]
    return _stage(sorted(sent.values())), _stage(sorted(routed)), len(sent) - len(routed)


def _stage(ascending: list[float]) -> Stage:
    return Stage(*(round(percentile(ascending, percent), 1) for percent in (50, 99)))


async def _stored(databases: Mapping[str, asyncpg.Connection]) -> Stored:
    appeals, opened = await databases["routing"].fetchrow(_COUNTS)
    tables, indexes, by_index = {}, {}, {}
    for service, database in databases.items():
        tables[service], indexes[service] = await database.fetchrow(_SIZES)
        by_index |= {f"{service} {name}": size for name, size in await database.fetch(_INDEXES)}
    return Stored(appeals, opened, tables, indexes, dict(sorted(by_index.items(), key=lambda pair: -pair[1])))
