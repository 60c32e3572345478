"""The relay: publishes the outbox to the log in order, at least once. A lease with an epoch selects one leader per service.

The relay deletes a row from the outbox only when the log has acknowledged it. After a crash in between it sends the row again,
and the inboxes of the consumers skip the copy.

Two leaders at once do no harm. Each sends the rows of a key in order, starting with the lowest that is not acknowledged. So the
first copy of every row precedes the first copy of the next, and consumers skip later copies. The lease therefore need not be
exact and relies only on the standby's own clock: a standby that has seen a lease unrenewed for its whole length takes it, however
much the clocks of the hosts differ. The epoch stops a suspended former leader from deleting rows.

Rows become visible in the order of commits, not of ids: a lower id may appear after a higher one was sent. So rows are deleted
one by one, never up to an id. Within a key the order holds, because a writer holds the lock of its aggregate until the commit.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlalchemy import delete, select, update

from shared.clock import Clock
from shared.database import Database, among
from shared.messaging import pace
from shared.messaging.envelope import Envelope
from shared.messaging.log import EventLog
from shared.messaging.runtime import finish
from shared.messaging.tables import outbox, relay_lease
from shared.rows import upsert
from shared.telemetry import Metrics

BATCH = 500
NAME, NOBODY = "relay", ""  # the only row of the lease, and the holder after a release
LEASE = timedelta(seconds=5)
POLL_SECONDS = (0.025, 0.1)  # `outbox_written` wakes the relay sooner, but only for writers of the same process
SEND_TIMEOUT_SECONDS = 30

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


class LeaseLost(Exception):
    """Another process became the leader."""


class Relay:
    """Publishes the outbox of a service. Any number of processes may run a relay; the holder of the lease publishes."""

    def __init__(self, database: Database, event_log: EventLog, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._log = event_log
        self._clock = clock
        self._metrics = metrics
        self._holder = str(uuid4())
        self._epoch: int | None = None
        self._renewed_at = clock.now()
        self._seen: tuple[str, int, datetime] | None = None
        self._seen_since = clock.now()

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
        leads = self._epoch is not None or await self._take_lease()
        self._metrics.relay_leads(leads)
        if not leads:
            return 0
        found = await self._database.fetch_all(select(outbox).order_by(outbox.c.id).limit(BATCH))
        rows = [OutboxRow._make(row) for row in found]
        self._metrics.relay_lag(0.0 if not rows else (self._clock.now() - rows[0].time).total_seconds())
        if not rows and self._clock.now() - self._renewed_at < LEASE / 3:
            return 0
        acknowledged = await self._send(rows)
        try:
            await self._delete_acknowledged(acknowledged, renew=True)
        except LeaseLost:
            self._epoch = None
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
                else:
                    held_back.add(row.key)
        return acknowledged

    async def _take_lease(self) -> bool:
        """Claim the lease if it is free or has not been renewed for its whole length. Returns whether this process is the leader."""
        now = self._clock.now()
        found = next(iter(await self._database.fetch_all(select(relay_lease).where(relay_lease.c.name == NAME))), None)
        seen = (found.holder, found.epoch, found.expires_at) if found else (NOBODY, 0, now)
        if seen != self._seen:
            self._seen, self._seen_since = seen, now
        if seen[0] != NOBODY and now - self._seen_since < LEASE:
            return False
        async with self._database.write() as session:
            taken = {"holder": self._holder, "epoch": seen[1] + 1, "expires_at": now + LEASE}
            claim = upsert(session, relay_lease).values(name=NAME, **taken)
            unchanged = (relay_lease.c.epoch == seen[1]) & (relay_lease.c.expires_at == seen[2])
            await session.execute(claim.on_conflict_do_update(index_elements=["name"], set_=taken, where=unchanged))
            lease = (await session.execute(select(relay_lease).where(relay_lease.c.name == NAME))).one()
        self._epoch = lease.epoch if lease.holder == self._holder else None
        self._renewed_at = now
        return self._epoch is not None

    async def _delete_acknowledged(self, ids: Sequence[int], *, renew: bool) -> None:
        now = self._clock.now()
        mine = (relay_lease.c.name == NAME) & (relay_lease.c.holder == self._holder) & (relay_lease.c.epoch == self._epoch)
        lease = {"expires_at": now + LEASE} if renew else {"holder": NOBODY, "expires_at": now}
        async with self._database.write(durable=False) as session:  # after a power cut the rows are sent again
            renewed = await session.execute(update(relay_lease).where(mine).values(lease))
            if renewed.rowcount != 1:  # type: ignore[attr-defined]
                raise LeaseLost
            if ids:
                await session.execute(delete(outbox).where(among(session, outbox.c.id, ids)))
        self._renewed_at = now

    async def release(self) -> None:
        """Release the lease, so that the next leader can start at once."""
        if self._epoch is None:
            return
        try:
            await self._delete_acknowledged([], renew=False)
        except LeaseLost:
            log.info("relay lease was already lost")
        self._epoch = None

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
