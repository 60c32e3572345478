"""Events a second that routing's reader takes in, over a bare loop that reads the same log with aiokafka and writes it with COPY.

The log is a real one: the demo's appeals went through all services, and what every service told of them stands in it. Routing takes it in
anew from the start into an empty database, as after a loss: its own handlers, the texts read from intake's `api` process over HTTP, one
transaction a batch. The bare loop reads the same records as a member of a group of its own, takes id, type and time out of the headers and
writes each record as a row under the id as its primary key, with the positions, in one transaction a batch of the same size.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer

from routing.app import SERVICE
from routing.settings import Settings
from shared.contracts import APPEALS
from shared.messaging import consumer as shared_consumer
from shared.messaging.kafka_consumer import PARTITION_FETCH_BYTES
from shared.server import settle_memory
from shared.service import Foundation, build_parts, consumer
from tests.benchmarks.end_to_end import suite
from tests.benchmarks.ground import Ground, fresh_database

APPEALS_IN_LOG = 8_000
ROUND_SECONDS = 15.0
LOOK_SECONDS = 0.02
PREFIX = "bench_consume"
BARE_TABLES = """
    DROP TABLE IF EXISTS bare, bare_offset;
    CREATE TABLE bare (event_id uuid PRIMARY KEY, topic text NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL, key text NOT NULL,
                       type text NOT NULL, time timestamptz NOT NULL, value bytea NOT NULL);
    CREATE TABLE bare_offset (partition int PRIMARY KEY, next_offset bigint NOT NULL);
"""
STORE_OFFSET = "INSERT INTO bare_offset VALUES ($1, $2) ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset"

Pass = Callable[[], Awaitable[tuple[int, float]]]
"""Reads the log once from its start; gives how many records, and seconds from the first to the last."""


async def run(ground: Ground, appeals: int = APPEALS_IN_LOG, rounds: int = 3, seconds: float = ROUND_SECONDS) -> dict[str, Any]:
    """`consume_ratio`: the median over the rounds of routing's records a second over the bare loop's, each round's own pair."""
    async with suite(ground, PREFIX) as running:
        await running.play(appeals)
        for service in ("intake", "provider-contact", "routing", "analytics"):
            running.processes.process(service, "worker").terminate()
            running.processes.process(service, "worker").wait(30)
        routing = _Routing(ground, running.processes.url_of("intake"))
        bare = _Bare(ground)
        settle_memory()  # as the worker does
        pairs = [(await _rate(bare.once, seconds), await _rate(routing.once, seconds)) for _ in range(rounds)]
    return {
        "consume_ratio": round(median(ours / theirs for theirs, ours in pairs), 3),
        "consume_rounds": [{"bare_per_second": round(theirs), "routing_per_second": round(ours)} for theirs, ours in pairs],
    }


async def _rate(once: Pass, seconds: float) -> float:
    """Records a second over as many passes as the time allows, one at least."""
    records, spent = 0, 0.0
    while spent < seconds:
        more, took = await once()
        assert more, "the log is one batch: nothing is left to time"
        records, spent = records + more, spent + took
    return records / spent


class _Routing:
    """Routing's own reader over a database that knows nothing yet."""

    def __init__(self, ground: Ground, intake_url: str) -> None:
        self._settings = Settings(**ground.settings(PREFIX).model_dump(exclude_unset=True), intake_url=intake_url)

    async def once(self) -> tuple[int, float]:
        database = await asyncpg.connect(await fresh_database(SERVICE, self._settings))
        foundation = Foundation.build(self._settings)
        await foundation.start()
        parts = build_parts(SERVICE, self._settings, foundation)
        end = sum((await foundation.log.end_offsets(APPEALS)).values())
        task = asyncio.create_task(consumer(SERVICE, parts).run())
        try:
            first, began = await self._beyond(0, database, task)
            last, ended = await self._beyond(end - 1, database, task)
            assert not await database.fetchval("SELECT count(*) FROM dead_letter")
            return last - first, ended - began
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await parts.database.close()
            await foundation.stop()
            await database.close()

    @staticmethod
    async def _beyond(records: int, database: asyncpg.Connection, task: asyncio.Task[None]) -> tuple[int, float]:
        """How many records were taken in, once they are more than these, and when that was seen."""
        while (taken := int(await database.fetchval("SELECT coalesce(sum(next_offset), 0) FROM consumer_offset"))) <= records:
            assert not task.done(), task.exception()
            await asyncio.sleep(LOOK_SECONDS)
        return taken, time.perf_counter()


class _Bare:
    """What any program would have to do at least."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def once(self) -> tuple[int, float]:
        database = await asyncpg.connect(f"{self._ground.postgres.url}/postgres")
        await database.execute(BARE_TABLES)
        reader = AIOKafkaConsumer(
            f"{PREFIX}.{APPEALS}",
            bootstrap_servers=self._ground.kafka.bootstrap,
            group_id=uuid4().hex,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,  # as ours: else the whole log arrives before the clock starts
        )
        await reader.start()
        try:
            first = 0
            while not first:  # what comes before the first commit is the group's joining
                first = await self._write(reader, database)
            began, written = time.perf_counter(), 0
            end = sum((await reader.end_offsets(reader.assignment())).values())
            while first + written < end:
                written += await self._write(reader, database)
            return written, time.perf_counter() - began
        finally:
            await reader.stop()
            await database.close()

    @staticmethod
    async def _write(reader: AIOKafkaConsumer, database: asyncpg.Connection) -> int:
        fetched = await reader.getmany(timeout_ms=1000, max_records=shared_consumer.BATCH)
        rows = [_row(record) for records in fetched.values() for record in records]
        if rows:
            async with database.transaction():
                await database.copy_records_to_table("bare", records=rows)
                positions = [(partition.partition, records[-1].offset + 1) for partition, records in fetched.items()]
                await database.executemany(STORE_OFFSET, positions)
        return len(rows)


def _row(record: Any) -> tuple[Any, ...]:
    headers = dict(record.headers)
    event_id, at = UUID(headers["ce_id"].decode()), datetime.fromisoformat(headers["ce_time"].decode())
    key = record.key.decode()
    return event_id, record.topic, record.partition, record.offset, key, headers["ce_type"].decode(), at, record.value
