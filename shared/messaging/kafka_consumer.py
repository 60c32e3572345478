"""Reading from Kafka as a member of a group, fenced: nothing is handed out before its partition stands where the database says.

What aiokafka does, and what is done about it here:

- It can hand out records of a partition before an asynchronous `on_partitions_assigned` has ended, and swallows the errors raised there. So
  the listener only pauses what was assigned, before anything else, and the next `fetch()` places and resumes it: its errors come out there.
- It sends no heartbeats while that listener runs: another reason to do nothing slow in it.
- A batch in hand outlives the assignment under which it was read. So every assignment has a generation, applying a batch holds a gate that
  a revocation takes too, and a batch of an older generation is refused.
- It reads ahead while its owner rests, but only until it has something: the first record that comes, and not those behind it, which then
  wait for the next rest's end. So whoever got all that there was is paused until the next `fetch()`, which asks for what came meanwhile.
- `getmany(max_records)` drains one partition before it looks at the next, and an empty selection means all: each is asked for its share.
- `stop()` calls no listener and leaves a consumer that cannot be started again: it is the last thing that is done with one.
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
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from shared.messaging.kafka_topics import KafkaTopics
from shared.messaging.log import AssignmentLost, Fetched, LogReplaced, OffsetOutsideLog, Position, Positions, Record

SESSION_MS = 6_000  # a killed or stopped member's partitions are given on after this
HEARTBEAT_MS = 1_000  # and the others hear of it within this
REBALANCE_MS = 30_000  # longer than one try of a batch, so that a slow member is waited for and not thrown out
REQUEST_MS = SESSION_MS + 1_500  # joining waits for a member that is gone: given up before that, it leaves another one behind that is gone
LEADERS_ASKED_EVERY_MS = 3_000  # sooner than a request to a stopped broker is given up
PARTITION_FETCH_BYTES = 256 * 1024  # some hundred records of each partition at a time
WAIT_MS = 1_000  # between two looks at what changed around us
TOPICS_CHECKED_EVERY_SECONDS = 5.0
HINT_EVERY_SECONDS = 1.0
RETRY_SECONDS = 0.5
STALE_SECONDS = 10.0  # longer than a broker that was away may still take itself for a partition's leader (it notices within 2 s)
CLOSE_SECONDS = 10.0

log = structlog.get_logger()


class KafkaLogConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """See `LogConsumer`. Use it from one task."""

    def __init__(self, arguments: Mapping[str, Any], group: str, topics: Sequence[str], cluster: KafkaTopics) -> None:
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
        await positions.load(self._topic_ids)  # so that a replaced log is found even by a member that gets no partitions
        self._consumer = AIOKafkaConsumer(
            **self._arguments,
            request_timeout_ms=REQUEST_MS,
            metadata_max_age_ms=LEADERS_ASKED_EVERY_MS,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # every partition is placed by us; one that lies outside the log is a person's to judge
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )
        self._consumer.subscribe([self._cluster.name(topic) for topic in self._topics], listener=self)
        await self._consumer.start()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Called by aiokafka. No `await` may ever come before the pause."""
        self._running.pause(*assigned)
        self._generation += 1
        self._unplaced = frozenset(assigned)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Called by aiokafka before it joins the group anew, which waits until the batch in hand is through."""
        del revoked
        async with self._gate:
            self._generation += 1
            self._unplaced = frozenset()

    async def fetch(self, limit: int) -> Fetched:
        while True:
            await self._check_topics()
            if self._unplaced and not await self._is_placed():
                continue
            self._go_on()
            records = await self._share(limit)
            if records:  # nothing was awaited since they were taken, so this is the generation under which they were
                if len(records) < limit:
                    self._rest()
                return Fetched([to_record(record, self._cluster.topic(record.topic)) for record in records], self._generation)

    @asynccontextmanager
    async def hold(self, fetched: Fetched) -> AsyncIterator[None]:
        async with self._gate:
            if fetched.generation != self._generation:
                raise AssignmentLost
            yield

    async def rewind(self, positions: Mapping[Position, int]) -> None:
        for position, offset in positions.items():
            self._running.seek(self._cluster.partition(position), offset)

    async def applied(self, positions: Mapping[Position, int]) -> None:
        self._hints.update({self._cluster.partition(position): offset for position, offset in positions.items()})
        now = asyncio.get_running_loop().time()
        if now - self._hinted_at >= HINT_EVERY_SECONDS and (self._hinting is None or self._hinting.done()):
            self._hinted_at = now
            self._hinting = asyncio.create_task(self._hint())  # beside us: a coordinator that is down must not keep the gate shut

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
        except TimeoutError:  # it waits for the other members to join, or for a broker that is gone
            log.warning("kafka consumer closed without leaving its group", group=self._group)
            await _break_off(consumer)

    @property
    def _running(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise ConsumerStoppedError
        return self._consumer

    def _rest(self) -> None:
        """Read nothing ahead."""
        self._running.pause(*self._running.assignment())
        self._rests = True

    def _go_on(self) -> None:
        if self._rests:
            self._running.resume(*(self._running.assignment() - self._unplaced))
            self._rests = False

    async def _check_topics(self) -> None:
        """A topic that was deleted and made again looks like itself: only its id tells."""
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < TOPICS_CHECKED_EVERY_SECONDS:
            return
        with suppress(KafkaError, OSError, TimeoutError):  # a cluster that does not answer has no records for us either
            ids = await self._cluster.ids(self._topics)
            replaced = [topic for topic in self._topics if ids[topic] != self._topic_ids[topic]]
            if replaced:
                raise LogReplaced(
                    f"{', '.join(replaced)} was deleted and made again while it was read; "
                    "restore the log that belongs to this database, or both from one backup"
                )
            self._checked_at = now

    async def _is_placed(self) -> bool:
        """Whether what was assigned flows now; a cluster that does not answer is waited for."""
        try:
            await self._place()
        except (KafkaError, OSError) as error:
            if not (isinstance(error, OSError | KafkaTimeoutError) or error.retriable):
                raise
            log.warning("partitions wait for the cluster", reason=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
        return not self._unplaced

    async def _place(self) -> None:
        """Put what was assigned where the database says, and let it flow; given up when the assignment changes meanwhile."""
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
        """A broker that was stopped and goes on answers as the leader it was, of a log that ends too early: believed when it lasts."""
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
        """Up to `limit` records, from each partition its share in turn; none when the wait was in vain."""
        consumer = self._running
        assigned = sorted(consumer.assignment())
        share = max(1, limit // max(1, len(assigned)))
        found: list[Any] = []  # whatever happens it is handed on: aiokafka does not give the same record twice
        try:
            drained = await consumer.getmany(timeout_ms=WAIT_MS, max_records=share)
            found += (record for records in drained.values() for record in records)
            self._turn += 1
            asked = deque(partition for partition in assigned if partition not in drained)
            asked.rotate(self._turn)
            asked.extend(drained)
            while found and asked and len(found) < limit:  # what is buffered comes without waiting: no assignment can change in between
                partition = asked.popleft()
                more = await consumer.getmany(partition, timeout_ms=0, max_records=min(share, limit - len(found)))
                if taken := more.get(partition):
                    found += taken
                    asked.append(partition)
        except NoOffsetForPartitionError:  # assigned and not yet placed: aiokafka asks for a position before we could give it one
            pass
        except OffsetOutOfRangeError as error:  # whether it is, `_place` finds out
            doubtful = consumer.assignment().intersection(error.args[0])
            consumer.pause(*doubtful)
            self._unplaced |= doubtful
        return found

    async def _hint(self) -> None:
        with suppress(KafkaError, IllegalStateError, TimeoutError):  # only a hint, and the partitions may have gone meanwhile
            async with asyncio.timeout(CLOSE_SECONDS):
                consumer = self._running
                held = consumer.assignment()
                await consumer.commit({partition: offset for partition, offset in self._hints.items() if partition in held})


def to_record(record: Any, topic: str) -> Record:
    """Ours from aiokafka's."""
    headers = record.headers
    for _, value in headers:
        if value is None:  # Kafka allows a header without one
            headers = tuple((name, value or b"") for name, value in headers)
            break
    return Record(topic, record.partition, record.offset, _text(record.key), headers, record.value or b"")


def _text(key: bytes | None) -> str:
    """A key that no one of us wrote may hold anything; a database takes no NUL."""
    return (key or b"").decode("utf-8", "replace").replace("\0", "�")


async def _break_off(consumer: AIOKafkaConsumer) -> None:
    """End what a `stop()` that was broken off left running: a heartbeat would keep the partitions for ever."""
    for end in (consumer._coordinator._stop_heartbeat_task, consumer._fetcher.close, consumer._client.close):  # noqa: SLF001 - no public way
        with suppress(Exception):
            await end()
