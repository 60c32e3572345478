"""The relay: publishes the outbox to the log in order, at least once. A lease selects one leader per service.

The relay deletes a row from the outbox only when the log has acknowledged it. After a crash in between it sends the row again,
and the inboxes of the consumers skip the copy.

Two leaders at once do no harm. Each sends the rows of a key in order, starting with the lowest that is not acknowledged. So the
first copy of every row precedes the first copy of the next, and consumers skip later copies. The leader renews its lease in the
transaction that deletes rows, so a suspended former leader deletes none (`shared.leases`).

Rows become visible in the order of commits, not of ids: a lower id may appear after a higher one was sent. So rows are deleted
one by one, never up to an id. Within a key the order holds, because a writer holds the lock of its aggregate until the commit.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import select

from shared.clock import Clock
from shared.database import Database
from shared.leases import LeaseLost, NamedLease
from shared.messaging import pace
from shared.messaging.envelope import Envelope
from shared.messaging.log import EventLog
from shared.messaging.runtime import finish
from shared.messaging.tables import outbox, relay_lease
from shared.telemetry import Metrics
from shared.tracing import SpanKind, is_recorded, message, record_span

BATCH = 500
LEASE = timedelta(seconds=5)
POLL_SECONDS = (0.025, 0.1)  # `outbox_written` wakes the relay sooner, but only for writers of the same process
SEND_TIMEOUT_SECONDS = 30
_FIRST = select(outbox).order_by(outbox.c.id).limit(BATCH)

log = structlog.get_logger()


class OutboxRow(NamedTuple):
    """A row of `outbox`, with its columns in order."""

    id: int
    event_id: UUID
    topic: str
    key: str
    type: str
    time: datetime
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    value: bytes


class Relay:
    """Publishes the outbox of a service. Any number of processes may run a relay; the holder of the lease publishes."""

    def __init__(self, database: Database, event_log: EventLog, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._log = event_log
        self._clock = clock
        self._metrics = metrics
        self._lease = NamedLease(database, relay_lease, "relay", clock=clock, length=LEASE)

    async def run(self) -> None:
        """Run until cancelled. An error ends the loop, and the runtime restarts it."""
        wait, longest = POLL_SECONDS
        try:
            while True:
                self._database.outbox_written.clear()
                began = monotonic()
                sent = await finish(self.step())
                if not sent:
                    await self._wait(wait)
                    wait = min(wait * 2, longest)
                    continue
                wait = POLL_SECONDS[0]
                if sent < BATCH:
                    await asyncio.sleep(pace.RELAY.rest(sent, monotonic() - began))
        finally:
            await asyncio.shield(self.release())

    async def step(self) -> int:
        """Publish one batch if this process is or becomes the leader. Returns the number of rows published."""
        leads = await self._lease.acquire()
        self._metrics.relay_leads(leads)
        if not leads:
            return 0
        rows = [OutboxRow._make(row) for row in await self._database.poll(_FIRST)]
        self._metrics.relay_lag(0.0 if not rows else (self._clock.now() - rows[0].time).total_seconds())
        if not rows and not self._lease.needs_renewal:
            return 0
        acknowledged = await self._send(rows)
        try:
            await self._lease.delete(outbox, acknowledged)  # not durable: after a power cut the rows are sent again
        except LeaseLost:
            log.info("another process leads the relay")
        return len(acknowledged)

    async def _send(self, rows: Sequence[OutboxRow]) -> list[int]:
        """Append rows to the log. Returns the ids of the acknowledged rows, for each key only those before its first failure."""
        by_topic: dict[str, list[OutboxRow]] = {}
        for row in rows:
            by_topic.setdefault(row.topic, []).append(row)
        acknowledged: list[int] = []
        for topic, waiting in by_topic.items():
            envelopes = [_envelope(row) for row in waiting]
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                flags = await self._log.append(topic, envelopes)
            held_back: set[str] = set()
            for row, is_acknowledged in zip(waiting, flags, strict=True):
                if is_acknowledged and row.key not in held_back:
                    acknowledged.append(row.id)
                    self._trace(row)
                else:
                    held_back.add(row.key)
        return acknowledged

    def _trace(self, row: OutboxRow) -> None:
        if is_recorded(row.traceparent):
            ended = self._clock.now()
            record_span(
                f"publish {row.type}", row.traceparent, row.time, ended, kind=SpanKind.PRODUCER, attributes=message(row.topic, row.event_id)
            )

    async def release(self) -> None:
        """Release the lease, so that the next leader can start at once."""
        await self._lease.release()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._database.outbox_written.wait()
        except TimeoutError:
            return


def _envelope(row: OutboxRow) -> Envelope:
    return Envelope(
        id=row.event_id,
        type=row.type,
        time=row.time,
        key=row.key,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        traceparent=row.traceparent,
        value=row.value,
    )
