"""The relay: carries the outbox to the log, in order, at least once. One leader a service, by a lease with an epoch.

A row leaves the outbox only when the log is known to keep it, so a crash in between sends it again and the readers' inbox drops the copy.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shared.clock import Clock
from shared.database import Database
from shared.messaging.envelope import Envelope
from shared.messaging.log import EventLog
from shared.messaging.tables import outbox, relay_lease
from shared.telemetry import Metrics

BATCH = 500
LEASE = timedelta(seconds=5)
REST = 2.0  # times as long as the step took: under load batches grow instead of transactions
LONGEST_REST_SECONDS = 0.1
POLL_SECONDS = (0.025, 0.25)  # a wake-up inside the same process comes sooner; it is only a hint
SEND_TIMEOUT_SECONDS = 30

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another process became the leader."""


class Relay:
    """Sends a service's outbox. Start as many as you like; the one that holds the lease works."""

    def __init__(self, database: Database, event_log: EventLog, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._log = event_log
        self._clock = clock
        self._metrics = metrics
        self._holder = str(uuid4())
        self._epoch: int | None = None
        self._renewed_at = clock.now()

    async def run(self) -> None:
        """Until cancelled. Errors end it: the runtime starts it again."""
        wait, longest = POLL_SECONDS
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._database.outbox_written.clear()
                began = loop.time()
                sent = await self.step()
                wait = POLL_SECONDS[0] if sent else min(wait * 2, longest)
                if sent < BATCH:
                    await asyncio.sleep(min(REST * (loop.time() - began), LONGEST_REST_SECONDS))
                    await self._wait(wait)
        finally:
            await asyncio.shield(self.release())

    async def step(self) -> int:
        """One batch, if this process is or becomes the leader. Returns how many rows were sent."""
        if self._epoch is None and not await self._take_lease():
            return 0
        async with self._database.read() as session:
            rows = (await session.execute(select(outbox).order_by(outbox.c.id).limit(BATCH))).all()
        self._metrics.relay_lag(0.0 if not rows else (self._clock.now() - rows[0].time).total_seconds())
        if not rows and self._clock.now() - self._renewed_at < LEASE / 3:
            return 0
        kept = await self._send(rows)
        try:
            await self._forget(kept, renew=True)
        except LeaseLost:
            self._epoch = None
        return len(kept)

    async def _send(self, rows: Sequence[Row[Any]]) -> list[int]:
        """Ids of the rows that may go: for each key only those before its first failure."""
        by_topic: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_topic.setdefault(row.topic, []).append(row)
        kept: list[int] = []
        for topic, waiting in by_topic.items():
            envelopes = [_envelope(row) for row in waiting]
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                flags = await self._log.append(topic, envelopes)
            held_back: set[str] = set()
            for row, known_to_be_kept in zip(waiting, flags, strict=True):
                if known_to_be_kept and row.key not in held_back:
                    kept.append(row.id)
                else:
                    held_back.add(row.key)
        return kept

    async def _take_lease(self) -> bool:
        now = self._clock.now()
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        expired = relay_lease.c.expires_at <= now
        claim = insert(relay_lease).values(name="relay", holder=self._holder, epoch=1, expires_at=now + LEASE)
        claim = claim.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": self._holder, "epoch": relay_lease.c.epoch + 1, "expires_at": now + LEASE},
            where=expired,
        )
        async with self._database.write() as session:
            await session.execute(claim)
            lease = (await session.execute(select(relay_lease).where(relay_lease.c.name == "relay"))).one()
        self._epoch = lease.epoch if lease.holder == self._holder else None
        return self._epoch is not None

    async def _forget(self, ids: Sequence[int], *, renew: bool) -> None:
        now = self._clock.now()
        mine = (relay_lease.c.name == "relay") & (relay_lease.c.holder == self._holder) & (relay_lease.c.epoch == self._epoch)
        async with self._database.write() as session:
            renewed = await session.execute(update(relay_lease).where(mine).values(expires_at=now + LEASE if renew else now))
            if renewed.rowcount != 1:  # type: ignore[attr-defined]
                raise LeaseLost
            if ids:
                await session.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        self._renewed_at = now

    async def release(self) -> None:
        """Let the next leader begin at once."""
        if self._epoch is None:
            return
        try:
            await self._forget([], renew=False)
        except LeaseLost:
            log.info("relay lease was already lost")
        self._epoch = None

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._database.outbox_written.wait()
        except TimeoutError:
            return


def _envelope(row: Row[Any]) -> Envelope:
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
