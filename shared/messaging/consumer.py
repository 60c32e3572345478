"""The consumer: applies events in order, exactly once in effect.

A batch is prepared outside any transaction, then applied in one: lock the positions, drop what was applied before, run the handlers, store
what they emit, move the positions, commit. An event whose handler keeps failing is parked with what follows under its key; the rest flows.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contents import OwnerUnavailable
from shared.contracts import REGISTRY, fact_of, newest_type
from shared.database_errors import is_transient
from shared.fast.bulk import insert_waiting
from shared.messaging import inbox
from shared.messaging.envelope import LaterVersion, UnreadableEvent, read_envelope, read_event, type_of
from shared.messaging.handling import Batch, Handlers, Preparations, Received, Skips, waves
from shared.messaging.log import AssignmentLost, EventLog, Fetched, LogConsumer, LogReplaced, Position, Record
from shared.messaging.pace import PROMPT, Pace
from shared.messaging.runtime import finish
from shared.telemetry import Metrics
from shared.tracing import SpanKind, exemplar_of, is_recorded, message, record_span, start_span
from shared.unit_of_work import UnitsOfWork

BATCH = 500  # a reader that is behind; of 1000 the throughput is the same, and what is said in the middle waits half as long again
AHEAD = 2  # batches of a reader that is behind: while one is applied, the next is ready, and the one after it waits for its words
BACKOFF_SECONDS = (0.1, 1.0)  # whoever was away is asked again within a second of being back
FLOOD = 20  # poison events within FLOOD_WINDOW are no longer bad luck but a bad deployment
FLOOD_WINDOW = timedelta(minutes=1)

log = structlog.get_logger()


_Ready = tuple[Sequence[Received[Any]], Mapping[UUID, Any]]
"""The events of a batch that are of concern here, and what was prepared for them."""


Unseen = Callable[[AsyncSession, Sequence[UUID], datetime], Awaitable[set[UUID]]]
"""Returns which of these events were not applied before, and remembers them as applied at a time."""


class FloodOfPoison(Exception):
    """Too many events fail at once: nothing more is parked until somebody has looked."""


class Consumer:
    """One member of a service's group of readers."""

    def __init__(
        self, units: UnitsOfWork, event_log: EventLog, topics: Sequence[str], handlers: Handlers, preparations: Preparations,
        *, metrics: Metrics, pace: Pace = PROMPT, skips: Skips | None = None, batch: int | None = None, unseen: Unseen = inbox.unseen,
    ) -> None:  # fmt: skip
        """Args: `batch` is the largest number of records in a transaction, `unseen` tells which events were not applied before."""
        self._units = units
        self._database = units.database
        self._log = event_log
        self._topics = topics
        self._handlers = handlers
        self._types = {event.TYPE for event in handlers}
        self._facts = {fact_of(event_type) for event_type in self._types}
        self._skips = {event.TYPE: header for event, header in (skips or {}).items()}
        self._preparations = {event.TYPE: prepare for event, prepare in preparations.items()}
        self._clock = units.clock
        self._metrics = metrics
        self._pace = pace
        self._batch = batch or BATCH
        self._unseen = unseen
        self._topic_ids: Mapping[str, str] = {}
        self._turn = asyncio.Lock()  # batches are read one after another, in the order in which they are asked for
        self.breaker_open = False

    async def run(self) -> None:
        """Until cancelled. Transient errors are waited out; any other ends it."""
        reader = self._log.consumer(self._database.service, self._topics)
        ahead: deque[asyncio.Task[tuple[Fetched, _Ready | None]]] = deque()
        try:
            await reader.start(self)
            while True:
                fetched, ready = await (ahead.popleft() if ahead else self._next(reader))
                began = monotonic()
                while len(fetched.records) == self._batch and len(ahead) < AHEAD:
                    ahead.append(asyncio.create_task(self._next(reader)))
                try:
                    await self._apply_patiently(reader, fetched, ready)
                except AssignmentLost:
                    log.info("partitions went to another member; its batch comes again there")
                if not ahead:  # a single batch that is not full tells nothing: the next request may still be on its way
                    await asyncio.sleep(self._pace.rest(len(fetched.records), monotonic() - began))
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)
            await reader.stop()

    async def _next(self, reader: LogConsumer) -> tuple[Fetched, _Ready | None]:
        """The next batch, made ready if that goes well; else it is done again where it can be waited for, or the event parked."""
        async with self._turn:
            fetched = await reader.fetch(self._batch)
        try:
            return fetched, await self._ready(fetched.records)
        except Exception:  # noqa: BLE001 - see above
            return fetched, None

    async def _ready(self, records: Sequence[Record]) -> _Ready:
        received = self._readable(records)
        return received, await self._prepare(received)

    async def load(self, topic_ids: Mapping[str, str]) -> Mapping[Position, int]:
        """See `Positions.load`; a database that is down is waited for."""
        rows = await self._stored_offsets()
        for row in rows:
            if row.topic in topic_ids and row.topic_id != topic_ids[row.topic]:
                raise LogReplaced(
                    f"{row.topic} is not the log that {self._database.service} has read so far; "
                    "restore the log that belongs to this database, or both from one backup"
                )
        self._topic_ids = topic_ids  # only now: a batch in hand is stored under the ids of the log that it was read from
        return {(row.topic, row.partition): row.next_offset for row in rows if row.topic in topic_ids}

    async def _stored_offsets(self) -> Sequence[Row[Any]]:
        wait, longest = BACKOFF_SECONDS
        while True:
            try:
                async with self._database.read() as session:
                    return await inbox.stored_offsets(session)
            except Exception as error:
                if not _must_wait(error):
                    raise
                log.warning("positions wait", reason=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def _apply_patiently(self, reader: LogConsumer, fetched: Fetched, ready: _Ready | None) -> None:
        """Until it is applied. Between two tries the partitions may go to another member: raises `AssignmentLost` then."""
        wait, longest = BACKOFF_SECONDS
        while True:
            try:
                async with reader.hold(fetched):
                    await reader.applied(await finish(self._apply(fetched.records, ready)))
            except FloodOfPoison:
                self.breaker_open = True
                log.error("breaker open: too many events fail", service=self._database.service)  # noqa: TRY400 - the cause was logged with each event
            except Exception as error:
                if not _must_wait(error):
                    raise
                log.warning("batch waits", reason=type(error).__name__)
                self._metrics.batch_waited(type(error).__name__)
            else:
                self.breaker_open = False  # only a batch without a failing event gets here
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def _apply(self, records: Sequence[Record], ready: _Ready | None = None) -> Mapping[Position, int]:
        try:
            return await self._transaction(records, ready)
        except Exception as error:
            if _must_wait(error):
                raise
            # Whatever a handler raised, the events are tried one by one below.
            log.warning("batch fails, its events are tried one by one", reason=type(error).__name__)
        moved: dict[Position, int] = {}
        for record in records:
            try:
                moved.update(await self._transaction([record]))
            except Exception as error:
                if _must_wait(error):
                    raise
                place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                log.exception("event parked", event_id=_event_id(record), event_type=type_of(record.headers), **place)
                moved.update(await self._park(record, type(error).__name__))
        return moved

    async def _transaction(self, records: Sequence[Record], ready: _Ready | None = None) -> Mapping[Position, int]:
        """Apply these records in one transaction; returns the positions after them."""
        received, prepared = ready or await self._ready(records)
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}  # the last of each: they come in its order
        now = self._clock.now()
        async with self._database.write() as session:
            stored = await inbox.locked_offsets(session, ends, self._topic_ids)
            after = {position: max(stored[position], end) for position, end in ends.items()}
            ahead = [one for one in received if one.position[2] >= stored[one.position[:2]]]
            parked = await inbox.parked_keys(session)
            if parked:
                await self._park_behind(session, records, parked, stored)
                ahead = [one for one in ahead if one.envelope.key not in parked]
            fresh = await self._unseen(session, list({one.envelope.id: None for one in ahead}), now)
            once = list({one.envelope.id: one for one in ahead if one.envelope.id in fresh}.values())
            await self._handle(session, once, prepared)
            await inbox.move_offsets(session, after, self._topic_ids)
        self._metrics.batch_applied(len(records))
        if once:
            self._observe(once, now)
        return after

    def _observe(self, applied: Sequence[Received[Any]], began: datetime) -> None:
        ended = self._clock.now()
        oldest = min((each.envelope for each in applied), key=lambda envelope: envelope.time)
        delay = max(0.0, (ended - oldest.time).total_seconds())  # clocks of two machines differ
        self._metrics.consumer_delay(delay, exemplar_of(oldest.traceparent))
        for one in applied:
            if is_recorded(one.envelope.traceparent):
                name, attributes = f"process {one.event.TYPE}", message(one.position[0], one.envelope.id)
                record_span(name, one.envelope.traceparent, began, ended, kind=SpanKind.CONSUMER, attributes=attributes)

    async def _handle(self, session: AsyncSession, received: Sequence[Received[Any]], prepared: Mapping[UUID, Any]) -> None:
        work = self._units.around(session)
        for handler, group in waves(received, self._handlers):
            await insert_waiting(session)  # of the wave before: this one may ask for it
            with start_span("handle", group[0].envelope.traceparent):
                await handler(work, Batch(group, prepared))
        for event_type, number in Counter(one.event.TYPE for one in received).items():
            self._metrics.handled(event_type, number)

    async def _prepare(self, received: Sequence[Received[Any]]) -> Mapping[UUID, Any]:
        by_type: defaultdict[str, list[Received[Any]]] = defaultdict(list)
        for one in received:
            by_type[one.event.TYPE].append(one)
        prepared: dict[UUID, Any] = {}
        for event_type, prepare in self._preparations.items():
            if by_type[event_type]:
                prepared.update(await prepare(by_type[event_type]))
        return prepared

    def _readable(self, records: Iterable[Record]) -> list[Received[Any]]:
        """Events we have a handler for; an unknown type is counted and passed over.

        A later version of a fact that we handle is not: it would be lost to us. It is parked, and replayed after the update.
        """
        received = []
        for record in records:
            event_type = type_of(record.headers)
            if event_type is not None and newest_type(event_type) in self._types:
                if self._skips.get(newest_type(event_type)) in record.headers:
                    continue
                envelope = read_envelope(record.headers, record.value)
                received.append(Received(read_event(envelope), envelope, (record.topic, record.partition, record.offset)))
            elif event_type not in REGISTRY:
                if event_type is None:
                    raise UnreadableEvent("a record without a type")
                if fact_of(event_type) in self._facts:
                    raise LaterVersion("a later version")
                self._metrics.skipped_unknown()
        return received

    async def _park_behind(self, session: AsyncSession, records: Iterable[Record], keys: set[str], stored: Mapping[Position, int]) -> None:
        for record in records:
            is_ahead = record.offset >= stored[(record.topic, record.partition)]
            if is_ahead and record.key in keys and self._is_ours(record):
                await inbox.park(session, record, reason="behind", poison=False, now=self._clock.now())

    def _is_ours(self, record: Record) -> bool:
        """Whether it concerns us, in whichever version."""
        event_type = type_of(record.headers) or ""
        return fact_of(event_type) in self._facts and self._skips.get(newest_type(event_type)) not in record.headers

    async def _park(self, record: Record, reason: str) -> Mapping[Position, int]:
        """Put a poison event aside and pass it, in one transaction."""
        now = self._clock.now()
        position = (record.topic, record.partition)
        async with self._database.write() as session:
            stored = await inbox.locked_offsets(session, [position], self._topic_ids)
            if self.breaker_open or await inbox.poisons_since(session, now - FLOOD_WINDOW) >= FLOOD:
                raise FloodOfPoison
            if record.offset >= stored[position]:
                await inbox.park(session, record, reason=reason, poison=True, now=now)
            after = {position: max(stored[position], record.offset + 1)}
            await inbox.move_offsets(session, after, self._topic_ids)
        self._metrics.dead_letter()
        return after

    async def replay(self, key: str | None = None) -> int:
        """Apply what is parked, in order, under one key or all; stops at a key whose event fails again. Returns how many were applied."""
        async with self._database.read() as session:
            keys = {key} if key is not None else await inbox.parked_keys(session)
        self._topic_ids = {row.topic: row.topic_id for row in await self._stored_offsets()}  # parked events have one: no log is asked
        applied = 0
        for one in sorted(keys):
            applied += await self._replay_key(one)
        return applied

    async def _replay_key(self, key: str) -> int:
        applied = 0
        while True:
            async with self._database.read() as session:
                waiting = await inbox.parked_records(session, key)
            if not waiting:
                return applied
            for row_id, record in waiting:
                try:
                    await self._replay_one(row_id, record)
                except Exception as error:
                    if _must_wait(error):
                        raise
                    # It stays parked, and so does what is behind it.
                    log.warning("event fails again", event_type=type_of(record.headers), reason=type(error).__name__)
                    return applied
                applied += 1

    async def _replay_one(self, row_id: int, record: Record) -> None:
        received = self._readable([record])
        prepared = await self._prepare(received)
        async with self._database.write() as session:
            # The lock on the position keeps the live consumer from parking behind a key that is just being freed.
            await inbox.locked_offsets(session, [(record.topic, record.partition)], self._topic_ids)
            fresh = await inbox.unseen(session, [one.envelope.id for one in received], self._clock.now())
            await self._handle(session, [one for one in received if one.envelope.id in fresh], prepared)
            await inbox.unpark(session, row_id)


def _must_wait(error: Exception) -> bool:
    """Return whether a database, the log or the owner of a text is unavailable at present. Any other error is the event's own fault."""
    return isinstance(error, OwnerUnavailable) or is_transient(error)


def _event_id(record: Record) -> str:
    """The event's id for the log; a record that has none, or another thing in its place, is told by its position alone."""
    try:
        return str(UUID(dict(record.headers)["ce_id"].decode()))
    except (KeyError, ValueError):
        return "unreadable"
