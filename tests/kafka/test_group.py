"""aiokafka's consumer in a group of two: a naive member in comparison with ours."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from shared.contracts import APPEALS, PARTITIONS
from shared.messaging.envelope import Envelope
from shared.messaging.log import AssignmentLost, Fetched, LogReplaced, Position
from tests.patience import PATIENCE, until

SOON = 5  # seconds: sooner than the end of the session of a member that says nothing

SLOW = 0.7  # seconds that a database takes to say where a member stands


class StoredPositions:
    """The database of two members: their positions, and how often each record was applied."""

    def __init__(self, delay: float = 0.0) -> None:
        self.stored: dict[Position, int] = {}
        self.applied: Counter[tuple[int, int]] = Counter()
        self.delay = delay
        self.loads = 0
        self.error: Exception | None = None

    async def load(self, topic_ids: Mapping[str, str]) -> Mapping[Position, int]:
        del topic_ids
        await asyncio.sleep(self.delay)
        self.loads += 1
        if self.error is not None:
            raise self.error
        return dict(self.stored)

    def apply(self, records) -> dict[Position, int]:
        after = {(APPEALS, record.partition): record.offset + 1 for record in records}
        self.applied.update((record.partition, record.offset) for record in records)
        self.stored.update({position: max(offset, self.stored.get(position, 0)) for position, offset in after.items()})
        return after

    @property
    def twice(self) -> int:
        return sum(1 for many in self.applied.values() if many > 1)


class NaiveMember(ConsumerRebalanceListener):
    """Does as the library's own examples do: positions are read and sought in the listener, batches are applied when they come."""

    def __init__(self, bootstrap: str, prefix: str, store: StoredPositions) -> None:
        self.topic, self.store = f"{prefix}.{APPEALS}", store
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=f"{prefix}.naive", enable_auto_commit=False, auto_offset_reset="earliest",
            heartbeat_interval_ms=500,
        )  # fmt: skip
        self.revoked = 0
        self.assigned = asyncio.Event()
        self.fetched = asyncio.Event()

    async def start(self) -> None:
        self.consumer.subscribe([self.topic], listener=self)
        await self.consumer.start()

    async def on_partitions_revoked(self, revoked) -> None:
        del revoked
        self.revoked += 1

    async def on_partitions_assigned(self, assigned) -> None:
        positions = await self.store.load({})
        for partition in assigned:
            if (APPEALS, partition.partition) in positions:
                self.consumer.seek(partition, positions[(APPEALS, partition.partition)])
        self.assigned.set()

    async def batch(self, limit: int = 500) -> list:
        drained = await self.consumer.getmany(timeout_ms=200, max_records=limit)
        if drained:
            self.fetched.set()
        return [record for records in drained.values() for record in records]


@asynccontextmanager
async def naive(kafka, prefix, store):
    member = NaiveMember(kafka.bootstrap, prefix, store)
    await member.start()
    try:
        yield member
    finally:
        await member.consumer.stop()


@asynccontextmanager
async def ours(log, store):
    member = log.consumer("routing", (APPEALS,))
    try:
        await member.start(store)
        yield member
    finally:
        await member.stop()


@asynccontextmanager
async def in_background(*coroutines):
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def consume(member, store: StoredPositions, seconds: float = 0.0) -> None:
    """Our loop, with a batch that takes its time."""
    while True:
        fetched = await member.fetch(500)
        with suppress(AssignmentLost):
            async with member.hold(fetched):
                await asyncio.sleep(seconds)
                await member.applied(store.apply(fetched.records))


async def consume_naively(member: NaiveMember, store: StoredPositions, seconds: float = 0.0) -> None:
    while True:
        records = await member.batch()
        if records:
            await asyncio.sleep(seconds)
            store.apply(records)


@pytest.fixture
async def filled(log):
    """600 records, and where a reader of all of them stands."""
    await log.append(APPEALS, [_envelope() for _ in range(600)])
    return {(APPEALS, partition): end for partition, end in (await log.end_offsets(APPEALS)).items()}


class TestDeliveryBeforePlacing:
    """`getmany()` hands out records while `on_partitions_assigned` still asks the database where to begin."""

    async def test_two_naive_members_read_again_what_was_applied_long_ago(self, kafka, prefix, filled):
        store = StoredPositions(delay=SLOW)
        store.stored = dict(filled)
        members = naive(kafka, prefix, store), naive(kafka, prefix, store)
        async with members[0] as one, members[1] as two, in_background(consume_naively(one, store), consume_naively(two, store)):
            await until(lambda: store.applied)

    async def test_two_of_ours_begin_where_the_database_says(self, log, filled):
        store = StoredPositions(delay=SLOW)
        store.stored = dict(filled)
        async with ours(log, store) as one, ours(log, store) as two, in_background(consume(one, store), consume(two, store)):
            await until(lambda: len(one._consumer.assignment()) == len(two._consumer.assignment()) == PARTITIONS // 2)
            await log.append(APPEALS, [_envelope() for _ in range(60)])
            await until(lambda: len(store.applied) >= 60)
        assert set(store.applied.values()) == {1}
        assert all(offset >= filled[(APPEALS, partition)] for partition, offset in store.applied)


class TestErrorInTheListener:
    """aiokafka logs an exception of the listener and goes on as if nothing had happened."""

    async def test_a_naive_member_reads_on_from_wherever_it_stands(self, kafka, prefix, filled):
        store = StoredPositions()
        store.stored = dict(filled)
        store.error = LogReplaced("another log")
        members = naive(kafka, prefix, store), naive(kafka, prefix, StoredPositions())
        async with members[0] as one, members[1], in_background(consume_naively(one, store)) as (task,):
            await until(lambda: store.applied)
            assert not task.done()

    async def test_ours_hands_out_nothing_and_raises_it(self, log, filled):
        store = StoredPositions()
        store.stored = dict(filled)
        async with ours(log, store) as one:
            store.error = LogReplaced("another log")  # from the first member's assignment on
            async with ours(log, StoredPositions()):
                with pytest.raises(LogReplaced):
                    await asyncio.wait_for(consume(one, store), PATIENCE)
        assert not store.applied


class TestRevokedWhileApplying:
    """A batch in hand outlives the assignment: the partitions go on while it is being applied, and come again at the next member."""

    async def test_naive_members_apply_it_twice(self, kafka, prefix, filled):
        del filled
        store = StoredPositions()
        async with naive(kafka, prefix, store) as one, in_background(consume_naively(one, store, seconds=3.0)):
            await asyncio.wait_for(one.fetched.wait(), PATIENCE)  # its batch is being applied
            async with naive(kafka, prefix, store) as two, in_background(consume_naively(two, store)):
                await until(lambda: store.twice)

    async def test_ours_is_waited_for_and_applied_once(self, log, filled):
        store = StoredPositions()
        async with ours(log, store) as one, in_background(consume(one, store, seconds=2.0)):
            await until(one._gate.locked)
            async with ours(log, store) as two, in_background(consume(two, store)):
                await until(lambda: sum(store.applied.values()) >= 600, 40)
                await until(lambda: two._consumer.assignment() and not two._unplaced)
        assert store.twice == 0
        assert store.stored == filled

    async def test_a_batch_that_was_fetched_before_and_not_begun_is_refused(self, log, filled):
        del filled
        store = StoredPositions()
        async with ours(log, store) as one:
            fetched = await one.fetch(100)
            async with ours(log, store) as two, in_background(consume(two, store)):
                await until(lambda: store.applied)
                with pytest.raises(AssignmentLost):
                    async with one.hold(fetched):
                        pytest.fail("its records are another member's by now")

    async def test_a_batch_that_waits_between_two_tries_does_not_keep_the_others_out(self, log, filled):
        """Nor is its member thrown out: the gate is open while it waits."""
        del filled
        store = StoredPositions()
        async with ours(log, store) as one:
            await one.fetch(100)  # in hand for as long as the test lasts, as if the database were down
            before = one._generation
            async with ours(log, store) as two:
                await until(lambda: len(two._consumer.assignment()) == PARTITIONS // 2, patience=SOON)
            assert one._generation > before


class TestStop:
    """`stop()` tells no listener, and leaves a consumer that cannot be started again."""

    async def test_a_naive_member_hears_nothing_and_cannot_go_on(self, kafka, prefix, filled):
        del filled
        store = StoredPositions()
        async with naive(kafka, prefix, StoredPositions()), naive(kafka, prefix, store) as one:
            await one.assigned.wait()
            revoked = one.revoked
            await one.consumer.stop()
            assert one.revoked == revoked
            with pytest.raises(AssertionError, match="twice"):
                await one.consumer.start()

    async def test_ours_leaves_at_once_and_the_next_one_goes_on(self, log, filled):
        store = StoredPositions()
        async with ours(log, store) as one, in_background(consume(one, store)):
            async with ours(log, store) as two, in_background(consume(two, store)):
                await until(lambda: len(two._consumer.assignment()) == PARTITIONS // 2)
            await until(lambda: len(one._consumer.assignment()) == PARTITIONS, patience=SOON)
            async with ours(log, store) as three, in_background(consume(three, store)):
                await until(lambda: store.stored == filled)
        assert store.twice == 0


class TestShares:
    """`getmany(max_records)` takes all it may from one partition; an empty selection means all of them."""

    async def test_a_naive_batch_is_of_one_partition(self, kafka, prefix, log, filled):
        del filled
        await log.append(APPEALS, [_envelope() for _ in range(2_000)])
        async with naive(kafka, prefix, StoredPositions()) as one:
            await one.assigned.wait()
            records = []
            while not records:
                records = await one.batch(limit=60)
            assert len({record.partition for record in records}) == 1

    async def test_ours_has_some_of_each(self, log, filled):
        del filled
        await log.append(APPEALS, [_envelope() for _ in range(2_000)])
        async with ours(log, StoredPositions()) as one:
            batches: list[Fetched] = [await one.fetch(60) for _ in range(4)]
        assert all(0 < len(batch.records) <= 60 for batch in batches)
        assert all(len({record.partition for record in batch.records}) == PARTITIONS for batch in batches[1:])

    async def test_a_member_without_partitions_waits_and_asks_for_nobody_elses(self, log):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_idle(log).fetch(10), 1.5)


class TestReadingAhead:
    """While its owner rests the library fetches the first record that comes, and nothing behind it before that one is taken."""

    async def test_a_naive_member_gets_the_first_and_lets_the_others_wait_for_the_next_round(self, kafka, prefix, log, filled):
        store = StoredPositions()
        store.stored = dict(filled)
        async with naive(kafka, prefix, store) as one:
            await one.assigned.wait()
            await one.batch()
            sizes = []
            for _ in range(3):  # it asks again after a tenth of a second, which a busy machine may let pass
                await log.append(APPEALS, [_envelope()])
                await until(lambda: one.consumer._fetcher._records)
                await log.append(APPEALS, [_envelope() for _ in range(20)])
                sizes.append(len(await one.batch()))
                await one.batch()
        assert 1 in sizes

    async def test_ours_gets_all_that_came_while_it_rested(self, log, filled):
        store = StoredPositions()
        store.stored = dict(filled)
        async with ours(log, store) as one, in_background(one.fetch(500)) as [first]:
            await until(one._running.assignment)
            await log.append(APPEALS, [_envelope()])
            assert len((await first).records) == 1
            for number in (1, 20):
                await log.append(APPEALS, [_envelope() for _ in range(number)])
            assert len((await one.fetch(500)).records) == 21

    async def test_ours_that_another_joins_while_it_rests_goes_on_with_what_it_keeps(self, log, filled):
        store = StoredPositions()
        store.stored = dict(filled)
        async with ours(log, store) as one, in_background(one.fetch(500)) as [first]:
            await until(one._running.assignment)
            await log.append(APPEALS, [_envelope()])
            store.apply((await first).records)
            async with ours(log, store) as two, in_background(consume(two, store)):
                await until(lambda: len(one._running.assignment()) == len(two._running.assignment()) == PARTITIONS // 2)
                async with in_background(consume(one, store)):
                    await log.append(APPEALS, [_envelope() for _ in range(60)])
                    await until(lambda: len(store.applied) == 61)
        assert not store.twice

    async def test_ours_that_is_behind_reads_ahead(self, log, filled):
        async with ours(log, StoredPositions()) as one:
            await one.fetch(len(filled))
            assert not one._running.paused()


def _idle(log):
    """A member that is started and owns nothing: as the thirteenth of a group."""
    member = log.consumer("idle", (APPEALS,))
    member._checked_at = float("inf")
    member._consumer = _NothingAssigned()
    return member


class _NothingAssigned:
    """A double: thirteen members would take half a gigabyte."""

    def __init__(self) -> None:
        self._fetcher = SimpleNamespace(_fetch_task=asyncio.get_running_loop().create_future())

    def assignment(self):
        return set()

    async def getmany(self, *partitions, timeout_ms: int = 0, max_records: int | None = None):
        assert not partitions
        assert max_records
        await asyncio.sleep(timeout_ms / 1000)
        return {}


def _envelope() -> Envelope:
    return Envelope(uuid4(), "kz.aryz.routing.case-claimed.v1", datetime.now(UTC), str(uuid4()), uuid4(), None, None, b"x")
