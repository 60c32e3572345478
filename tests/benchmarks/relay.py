"""Events a second that the relay carries from PostgreSQL to Kafka: an outbox filled beforehand, acknowledged by every replica."""

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median
from typing import Any

import asyncpg

from routing.app import SERVICE
from shared.contracts import APPEALS, AppealRouted
from shared.ids import RandomIds
from shared.messaging.relay import Relay
from shared.service import Foundation, Parts, build_parts
from tests.benchmarks.ground import Ground, fresh_database

EVENTS = 60_000
VALUE_BYTES = 600
EVENTS_A_KEY = 3  # as an appeal has
LOOK_SECONDS = 0.02


async def run(ground: Ground, rounds: int = 3, events: int = EVENTS) -> dict[str, Any]:
    """`relay_per_second`: the median of the rounds, each from the relay's start to the last row gone from the outbox."""
    settings = ground.settings("bench_relay")
    await fresh_database(SERVICE, settings)
    foundation = Foundation.build(settings)
    await foundation.start()
    parts = build_parts(SERVICE, settings, foundation)
    try:
        rates = [await _round(parts, events) for _ in range(rounds)]
    finally:
        await parts.database.close()
        await foundation.stop()
    return {"relay_per_second": round(median(rates)), "relay_rounds": [round(rate) for rate in rates]}


async def _round(parts: Parts, events: int) -> float:
    url = parts.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        await _fill(connection, events)
        began = time.perf_counter()
        task = asyncio.create_task(Relay(parts.database, parts.log, parts.clock, parts.metrics).run())
        while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
            assert not task.done(), task.exception()
            await asyncio.sleep(LOOK_SECONDS)
        rate = events / (time.perf_counter() - began)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return rate
    finally:
        await connection.close()


async def _fill(connection: Any, events: int) -> None:
    ids, now = RandomIds(), datetime.now(UTC)
    value = json.dumps({"appeal_id": str(ids.new()), "filling": ""})
    value = value.replace('""', f'"{"x" * (VALUE_BYTES - len(value))}"')
    rows = []
    for place in range(events):
        key = str(ids.new()) if place % EVENTS_A_KEY == 0 else key  # noqa: F821 - the first row has its key
        event_id = ids.new()
        rows.append((event_id, APPEALS, key, AppealRouted.TYPE, now, event_id, None, None, value.encode()))
    columns = ("event_id", "topic", "key", "type", "time", "correlation_id", "causation_id", "traceparent", "value")
    await connection.copy_records_to_table("outbox", records=rows, columns=columns)
    await connection.execute("ANALYZE outbox")
