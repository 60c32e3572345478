"""A log and a database that do not match, and members that do not know of their replacement: Kafka and PostgreSQL."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from prometheus_client import generate_latest
from sqlalchemy import select, update

import shared.postgres
from shared.contracts import APPEALS, PARTITIONS, TOPICS, CaseClaimed, CaseClosed
from shared.messaging import inbox, kafka_consumer, tables
from shared.messaging.consumer import Consumer
from shared.messaging.log import LogError, LogReplaced, OffsetOutsideLog, partition_of
from tests.desk import seen
from tests.patience import PATIENCE

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
FOREVER = {"retention.ms": "-1"}


@pytest.fixture(autouse=True)
def _soon_believed(monkeypatch) -> None:
    """A broker that says so twice in a row is no stale one here: there is only one."""
    monkeypatch.setattr(kafka_consumer, "STALE_SECONDS", 0.3)


def claimed(appeal_id) -> CaseClaimed:
    return CaseClaimed(appeal_id=appeal_id, actor_role="specialist")


def closed(appeal_id) -> CaseClosed:
    return CaseClosed(appeal_id=appeal_id, outcome="EXPLAINED", actor_role="specialist")


@pytest.fixture
async def applied(desk, running, eventually, appeal_id):
    """A desk that has read two events of one appeal."""
    await desk.emit(claimed(appeal_id), closed(appeal_id))
    await desk.relay_all()
    async with running(desk.consumer.run):
        await eventually(lambda: has(desk, 2))
    return desk


async def has(desk, number: int) -> bool:
    return len(await desk.consumed()) == number


async def make_again(admin, prefix, eventually) -> None:
    name = f"{prefix}.{APPEALS}"
    await admin.delete_topics([name])

    async def is_made() -> bool:
        response = await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=FOREVER)])
        return response.topic_errors[0][1] == 0

    await eventually(is_made)


class TestReplacedTopic:
    async def test_a_worker_that_runs_stops_and_says_what_to_do(self, applied, admin, prefix, eventually, monkeypatch):
        monkeypatch.setattr(kafka_consumer, "TOPICS_CHECKED_EVERY_SECONDS", 0.1)
        task = asyncio.create_task(applied.another_consumer().run())
        await asyncio.sleep(0.5)
        assert not task.done()
        await make_again(admin, prefix, eventually)
        with pytest.raises(LogError, match="restore"):
            await asyncio.wait_for(task, PATIENCE)

    async def test_a_worker_that_starts_does_too(self, applied, admin, prefix, eventually):
        await make_again(admin, prefix, eventually)
        with pytest.raises(LogReplaced, match="restore the log that belongs to this database"):
            await asyncio.wait_for(applied.another_consumer().run(), PATIENCE)


class TestRestoredToAnotherTime:
    async def test_a_database_older_than_its_log_reads_again_and_comes_to_the_same(self, applied, running, eventually, appeal_id):
        async with applied.database.write() as session:
            for table in (tables.consumer_offset, tables.inbox, seen):
                await session.execute(table.delete())
        async with running(applied.another_consumer().run):
            await eventually(lambda: has(applied, 2))
        assert await applied.consumed(appeal_id) == ["case-claimed", "case-closed"]

    async def test_positions_alone_set_back_apply_nothing_again(self, applied, running, eventually, appeal_id):
        async with applied.database.write() as session:
            await session.execute(update(tables.consumer_offset).values(next_offset=0))
        await applied.emit(claimed(appeal_id))
        await applied.relay_all()
        async with running(applied.another_consumer().run):
            await eventually(lambda: has(applied, 3))
        assert await applied.consumed(appeal_id) == ["case-claimed", "case-closed", "case-claimed"]

    async def test_a_database_newer_than_its_log_stops_the_worker(self, applied):
        async with applied.database.write() as session:
            await session.execute(update(tables.consumer_offset).values(next_offset=tables.consumer_offset.c.next_offset + 50))
        with pytest.raises(OffsetOutsideLog, match=r"behind the log's end.*restore the database to the log's time"):
            await asyncio.wait_for(applied.another_consumer().run(), PATIENCE)

    async def test_records_deleted_before_they_were_read_stop_the_worker(self, applied, admin, prefix, appeal_id):
        await applied.emit(*(claimed(appeal_id) for _ in range(5)))
        await applied.relay_all()
        partition = TopicPartition(f"{prefix}.{APPEALS}", partition_of(str(appeal_id)))
        await admin.delete_records({partition: RecordsToDelete(before_offset=6)})
        with pytest.raises(OffsetOutsideLog, match=r"before the log's first record 6.*retention unlimited"):
            await asyncio.wait_for(applied.another_consumer().run(), PATIENCE)
        assert await has(applied, 2)

    async def test_records_deleted_under_a_running_reader_stop_it(self, applied, admin, prefix, appeal_id):
        """The broker says that the offset is out of range; with a reset policy the records would be passed over in silence."""
        partition = partition_of(str(appeal_id))
        reader = applied.log.consumer("second", (APPEALS,))
        try:
            await reader.start(_From(0))
            await reader.fetch(10)
            reader._running.pause(*reader._running.assignment())
            await applied.emit(*(claimed(appeal_id) for _ in range(5)))
            await applied.relay_all()
            await admin.delete_records({TopicPartition(f"{prefix}.{APPEALS}", partition): RecordsToDelete(before_offset=6)})
            reader._running.resume(*reader._running.assignment())
            reader._running.seek(reader._cluster.partition((APPEALS, partition)), 3)
            with pytest.raises(OffsetOutsideLog, match="first record 6"):
                await asyncio.wait_for(reader.fetch(10), PATIENCE)
        finally:
            await reader.stop()

    async def test_a_broker_that_is_wrong_about_it_for_a_moment_stops_nobody(self, applied, appeal_id):
        """One that was stopped answers as the leader it was when it goes on: from there, every newer offset is out of range."""
        reader = applied.log.consumer("second", (APPEALS,))
        try:
            await reader.start(_From(0))
            assert len((await reader.fetch(10)).records) == 2
            reader._running.seek(reader._cluster.partition((APPEALS, partition_of(str(appeal_id)))), 1_000)
            read = await asyncio.wait_for(reader.fetch(10), PATIENCE)
        finally:
            await reader.stop()
        assert [record.offset for record in read.records] == [0, 1], "it is put where the database says"

    async def test_an_end_that_such_a_broker_shows_is_not_believed_at_once(self, applied, monkeypatch):
        reader = applied.log.consumer("second", (APPEALS,))
        await reader.start(_From(0))
        right, calls = reader._running.end_offsets, iter(range(100))

        async def stale_at_first(partitions):
            return await right(partitions) if next(calls) else dict.fromkeys(partitions, -1)

        monkeypatch.setattr(reader._running, "end_offsets", stale_at_first)
        monkeypatch.setattr(kafka_consumer, "RETRY_SECONDS", 0.01)
        try:
            assert len((await asyncio.wait_for(reader.fetch(10), PATIENCE)).records) == 2
        finally:
            await reader.stop()
        assert next(calls) > 1


class NaiveConsumer(Consumer):
    """Believes that what it holds is still its own: no look at the stored position."""

    async def _transaction(self, records):
        received = self._readable(records)
        async with self._database.write() as session:
            fresh = await inbox.unseen(session, [one.envelope.id for one in received], self._clock.now())
            await self._handle(session, [one for one in received if one.envelope.id in fresh], {})
        return {}


class TestZombie:
    """A process that was stopped goes on with its batch after another has applied it; the inbox may have been pruned meanwhile."""

    @pytest.fixture
    async def batch(self, desk):
        await desk.emit(*(claimed(uuid4()) for _ in range(40)))
        await desk.relay_all()
        return [record async for page in desk.log.scan(APPEALS) for record in page]

    async def test_a_naive_one_applies_it_a_second_time(self, desk, batch):
        zombie = NaiveConsumer(desk.units, desk.log, TOPICS, desk.handlers, {}, metrics=desk.metrics)
        await self._both(desk, zombie, batch)
        assert await has(desk, 80)

    async def test_ours_finds_the_position_moved(self, desk, batch):
        await self._both(desk, desk.another_consumer(), batch)
        assert await has(desk, 40)

    async def test_two_at_the_same_time_wait_for_each_other_and_apply_it_once(self, desk, batch):
        members = [desk.another_consumer() for _ in range(4)]
        for member in members:
            await member.load({topic: await desk.log.topic_id(topic) for topic in TOPICS})
        orders = [batch, batch[::-1], batch[20:] + batch[:20], batch]  # locked in one order, whatever the batch's
        await asyncio.gather(*(member._apply(records) for member, records in zip(members, orders, strict=True)))
        assert await has(desk, 40)
        assert await desk.count(tables.dead_letter) == 0

    @pytest.fixture
    def impatient(self, monkeypatch):
        monkeypatch.setattr(shared.postgres, "LOCK_TIMEOUT_MS", 300)

    async def test_a_lock_that_is_not_given_in_time_is_waited_for_and_nothing_is_parked(self, impatient, desk, batch, running, eventually):
        del impatient, batch

        async def has_waited() -> bool:
            return b"aryz_batch_waits_total" in generate_latest(desk.metrics.registry)

        first = desk.another_consumer()
        await first.load({topic: await desk.log.topic_id(topic) for topic in TOPICS})
        async with desk.database.engine.connect() as holder:  # of no time-out of its own
            await holder.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
            async with desk.database.write() as session:
                positions = [(APPEALS, partition) for partition in range(PARTITIONS)]
                await inbox.locked_offsets(session, positions, first._topic_ids)
            await holder.execute(select(tables.consumer_offset).with_for_update())
            async with running(first.run):
                await eventually(has_waited)
                assert await has(desk, 0)
                await holder.rollback()
                await eventually(lambda: has(desk, 40), seconds=15)
        assert await desk.count(tables.dead_letter) == 0

    async def _both(self, desk, zombie: Consumer, batch) -> None:
        owner = desk.another_consumer()
        for member in (owner, zombie):
            await member.load({topic: await desk.log.topic_id(topic) for topic in TOPICS})
        await owner._apply(batch)
        async with desk.database.write() as session:
            await session.execute(tables.inbox.delete())
        await zombie._apply(batch)


class _From:
    def __init__(self, offset: int) -> None:
        self._offset = offset

    async def load(self, topic_ids: Mapping[str, str]):
        del topic_ids
        return {(APPEALS, partition): self._offset for partition in range(PARTITIONS)}
