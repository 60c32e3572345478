"""The Kafka consumer of a service, fenced: it returns records only after each partition is at the position in the database.

Properties of aiokafka and the consequences here:

- It may return records of a partition before an asynchronous `on_partitions_assigned` has ended, and it swallows errors raised there. So
  the listener only pauses the assigned partitions. The next `fetch()` seeks and resumes them and raises its errors there.
- It asks for the committed offset of a partition without a position, and reports each missing one. If the leader changes meanwhile it
  asks twice, and the second report ends its fetching task. So the listener also gives each partition a position; it is paused there.
- Nobody learns that the fetching task has ended, and `getmany` returns nothing for ever. So `fetch()` looks at it and raises its error.
- It sends no heartbeats while that listener runs: another reason to do nothing slow in it.
- A batch outlives the assignment under which it was read. So every assignment has a generation, applying a batch holds a lock that a
  revocation also acquires, and a batch of an older generation is refused.
- It prefetches while the caller pauses, but stops after the first record that arrives. Later records then wait for the next pause to end.
  So partitions that returned all their records are paused until the next `fetch()`, which requests everything that arrived meanwhile.
- `getmany(max_records)` drains one partition before the next, and an empty selection means all partitions. So each partition is asked
  for its share.
- `stop()` calls no listener and leaves a consumer that cannot be restarted, so it is called last.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
)

from shared.messaging.kafka_connection import ClientArguments
from shared.messaging.kafka_topics import KafkaTopics
from shared.messaging.log import AssignmentLost, Fetched, LogReplaced, OffsetOutsideLog, Position, Positions, Record

SESSION_MS = 6_000  # the partitions of a killed or stopped member are reassigned after this time
HEARTBEAT_MS = 1_000  # the other members are notified within this time
REBALANCE_MS = 30_000  # longer than one attempt of a batch, so that a slow member is waited for and not expelled
REQUEST_MS = SESSION_MS + 1_500  # longer than a session: a join given up earlier leaves another dead member in the group
LEADERS_ASKED_EVERY_MS = 3_000  # shorter than the time-out of a request to a suspended broker
PARTITION_FETCH_BYTES = 256 * 1024  # some hundred records of each partition at a time
WAIT_MS = 1_000  # between two checks of the assignment and the topics
TOPICS_CHECKED_EVERY_SECONDS = 5.0
HINT_EVERY_SECONDS = 1.0
RETRY_SECONDS = 0.5
STALE_SECONDS = 10.0  # a broker that was suspended may take itself for a partition's leader for shorter than this (it notices within 2 s)
CLOSE_SECONDS = 10.0

log = structlog.get_logger()


class FetchingEnded(KafkaError):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's fetching task failed. Only a new consumer receives records again, from the positions in the database."""

    retriable = True


class KafkaLogConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """See `LogConsumer`. One task may use an instance."""

    def __init__(self, arguments: ClientArguments, group: str, topics: Sequence[str], cluster: KafkaTopics) -> None:
        self._arguments = {name: value for name, value in arguments.items() if name != "request_timeout_ms"}
        self._group = group
        self._topics = topics
        self._cluster = cluster
        self._consumer: AIOKafkaConsumer | None = None
        self._positions: Positions | None = None
        self._topic_ids: Mapping[str, str] = {}
        self._generation = 0
        self._unplaced: frozenset[TopicPartition] = frozenset()
        self._doubted_since: float | None = None
        self._gate = asyncio.Lock()
        self._checked_at = 0.0
        self._turn = 0
        self._rests = False
        self._hints: dict[TopicPartition, int] = {}
        self._hinted_at = 0.0
        self._hinting: asyncio.Task[None] | None = None

    async def start(self, positions: Positions) -> None:
        self._positions = positions
        self._topic_ids = await self._cluster.ids(self._topics)
        await positions.load(self._topic_ids)  # a member without partitions must notice a replaced log as well
        self._consumer = AIOKafkaConsumer(
            **self._arguments,
            request_timeout_ms=REQUEST_MS,
            metadata_max_age_ms=LEADERS_ASKED_EVERY_MS,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # positions come from the database; an operator handles one outside the log
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )
        self._consumer.subscribe([self._cluster.name(topic) for topic in self._topics], listener=self)
        await self._consumer.start()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Pause the assigned partitions. aiokafka calls this; no `await` may come before the pause.

        `_seek_assigned` replaces the position given here before it resumes them.
        """
        self._running.pause(*assigned)
        for partition in assigned:
            self._running.seek(partition, 0)
        self._generation += 1
        self._unplaced = frozenset(assigned)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Wait until the current batch is applied. aiokafka calls this before it rejoins the group."""
        del revoked
        async with self._gate:
            self._generation += 1
            self._unplaced = frozenset()

    async def fetch(self, limit: int) -> Fetched:
        while True:
            await self._check_topics()
            self._check_fetching()
            if self._unplaced and not await self._is_placed():
                continue
            self._go_on()
            records = await self._share(limit)
            if records:  # nothing was awaited since they were returned, so the generation is theirs
                if len(records) < limit:
                    self._rest()
                return Fetched([to_record(record, self._cluster.topic(record.topic)) for record in records], self._generation)

    @asynccontextmanager
    async def hold(self, fetched: Fetched) -> AsyncIterator[None]:
        async with self._gate:
            if fetched.generation != self._generation:
                raise AssignmentLost
            yield

    async def applied(self, positions: Mapping[Position, int]) -> None:
        self._hints.update({self._cluster.partition(position): offset for position, offset in positions.items()})
        now = asyncio.get_running_loop().time()
        if now - self._hinted_at >= HINT_EVERY_SECONDS and (self._hinting is None or self._hinting.done()):
            self._hinted_at = now
            self._hinting = asyncio.create_task(self._hint())  # concurrently: a coordinator that is down must not keep the lock

    async def stop(self) -> None:
        if self._hinting is not None:
            self._hinting.cancel()
            await asyncio.gather(self._hinting, return_exceptions=True)
        if self._consumer is None:
            return
        consumer, self._consumer = self._consumer, None
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await consumer.stop()
        except TimeoutError:  # it waits for the other members to join, or for a broker that is down
            log.warning("kafka consumer closed without leaving its group", group=self._group)
            await _break_off(consumer)
        except KafkaError:  # its fetching task had ended with it: `fetch` has raised it
            await _break_off(consumer)

    @property
    def _running(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise ConsumerStoppedError
        return self._consumer

    def _rest(self) -> None:
        """Pause all partitions, so that nothing is prefetched."""
        self._running.pause(*self._running.assignment())
        self._rests = True

    def _go_on(self) -> None:
        if self._rests:
            self._running.resume(*(self._running.assignment() - self._unplaced))
            self._rests = False

    async def _check_topics(self) -> None:
        """Check the ids of the topics. A topic that was deleted and created again differs only by its id."""
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < TOPICS_CHECKED_EVERY_SECONDS:
            return
        with suppress(KafkaError, OSError, TimeoutError):  # an unavailable cluster returns no records either
            ids = await self._cluster.ids(self._topics)
            replaced = [topic for topic in self._topics if ids[topic] != self._topic_ids[topic]]
            if replaced:
                raise LogReplaced(
                    f"{', '.join(replaced)} was deleted and made again while it was read; "
                    "restore the log that belongs to this database, or both from one backup"
                )
            self._checked_at = now

    def _check_fetching(self) -> None:
        task = self._running._fetcher._fetch_task  # noqa: SLF001 - no public way
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise FetchingEnded from error

    async def _is_placed(self) -> bool:
        """Return whether all assigned partitions are at their positions. Waits while the cluster is unavailable."""
        try:
            await self._seek_assigned()
        except (KafkaError, OSError) as error:
            if not (isinstance(error, OSError | KafkaTimeoutError) or error.retriable):
                raise
            log.warning("partitions wait for the cluster", reason=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
        return not self._unplaced

    async def _seek_assigned(self) -> None:
        """Seek the assigned partitions to the positions in the database and resume them. Stops if the assignment changes meanwhile."""
        if self._positions is None:
            raise ConsumerStoppedError
        generation, assigned = self._generation, sorted(self._unplaced)
        ids = await self._cluster.ids(self._topics)
        stored = await self._positions.load(ids)
        first = await self._running.beginning_offsets(assigned)
        end = await self._running.end_offsets(assigned)
        if generation != self._generation:
            return
        for partition in assigned:
            offset = stored.get(self._cluster.position(partition), first[partition])
            if not first[partition] <= offset <= end[partition]:
                await self._doubt(self._outside(partition, offset, first[partition], end[partition]))
                return
            self._running.seek(partition, offset)
        self._topic_ids = ids
        self._doubted_since = None
        self._unplaced = frozenset()
        self._running.resume(*assigned)

    async def _doubt(self, outside: OffsetOutsideLog) -> None:
        """Raise `outside` if the position stays outside the log.

        A broker resumed after a suspension may briefly report too early an end.
        """
        now = asyncio.get_running_loop().time()
        if self._doubted_since is None:
            self._doubted_since = now
            log.warning("a position seems to lie outside the log", position=str(outside))
        if now - self._doubted_since > STALE_SECONDS:
            raise outside
        await asyncio.sleep(RETRY_SECONDS)

    def _outside(self, partition: TopicPartition, offset: int, first: int, end: int) -> OffsetOutsideLog:
        topic, number = self._cluster.position(partition)
        if offset > end:
            return OffsetOutsideLog(
                f"{topic}/{number}: the stored position {offset} lies behind the log's end {end}; the log was restored to an earlier time "
                "than the database, or lost its tail: restore the database to the log's time, or both from one backup"
            )
        return OffsetOutsideLog(
            f"{topic}/{number}: the stored position {offset} lies before the log's first record {first}; records were deleted that "
            "this database has not read: restore the log, or a database that has read them, and keep the topic's retention unlimited"
        )

    async def _share(self, limit: int) -> list[Any]:
        """Return up to `limit` records, from each partition in turn its share. Empty if none arrived in time."""
        consumer = self._running
        assigned = sorted(consumer.assignment())
        share = max(1, limit // max(1, len(assigned)))
        found: list[Any] = []  # always returned: aiokafka does not return a record twice
        try:
            drained = await consumer.getmany(timeout_ms=WAIT_MS, max_records=share)
            found += (record for records in drained.values() for record in records)
            self._turn += 1
            asked = deque(partition for partition in assigned if partition not in drained)
            asked.rotate(self._turn)
            asked.extend(drained)
            while found and asked and len(found) < limit:  # buffered records: nothing is awaited in between
                partition = asked.popleft()
                more = await consumer.getmany(partition, timeout_ms=0, max_records=min(share, limit - len(found)))
                if taken := more.get(partition):
                    found += taken
                    asked.append(partition)
        except OffsetOutOfRangeError as error:  # `_seek_assigned` finds out whether it really is
            doubtful = consumer.assignment().intersection(error.args[0])
            consumer.pause(*doubtful)
            self._unplaced |= doubtful
        return found

    async def _hint(self) -> None:
        with suppress(KafkaError, IllegalStateError, TimeoutError):  # only informative, and the partitions may be reassigned meanwhile
            async with asyncio.timeout(CLOSE_SECONDS):
                consumer = self._running
                held = consumer.assignment()
                await consumer.commit({partition: offset for partition, offset in self._hints.items() if partition in held})


def to_record(record: Any, topic: str) -> Record:
    """Convert a record of aiokafka."""
    headers = record.headers
    for _, value in headers:
        if value is None:  # Kafka allows a header without one
            headers = tuple((name, value or b"") for name, value in headers)
            break
    return Record(topic, record.partition, record.offset, _text(record.key), headers, record.value or b"")


def _text(key: bytes | None) -> str:
    """Return a record key as text. Keys of foreign producers may hold anything, and databases refuse NUL."""
    return (key or b"").decode("utf-8", "replace").replace("\0", "�")


async def _break_off(consumer: AIOKafkaConsumer) -> None:
    """End the tasks that a cancelled `stop()` left running: a heartbeat would keep the partitions for ever."""
    for end in (consumer._coordinator._stop_heartbeat_task, consumer._fetcher.close, consumer._client.close):  # noqa: SLF001 - no public way
        with suppress(Exception):
            await end()
