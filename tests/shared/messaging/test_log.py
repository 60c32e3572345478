"""The contract of every event log, for the embedded log and Kafka."""

import asyncio
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner

from shared.contracts import APPEALS, PARTITIONS, PROVIDERS
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.envelope import Envelope
from shared.messaging.kafka import KafkaLog
from shared.messaging.log import EventLog, OffsetOutsideLog, Position, partition_of
from tests.patience import PATIENCE


def envelope(key: UUID, text: str = "x") -> Envelope:
    return Envelope(uuid4(), "kz.aryz.routing.case-claimed.v1", datetime.now(UTC), str(key), uuid4(), None, None, text.encode())


class Stored:
    def __init__(self, positions: Mapping[Position, int] | None = None) -> None:
        self.positions = dict(positions or {})

    async def load(self, topic_ids: Mapping[str, str]) -> Mapping[Position, int]:
        del topic_ids
        return self.positions


async def read(log: EventLog, count: int, positions: Mapping[Position, int] | None = None, topics=(APPEALS,)):
    records = []
    async with reading(log, positions, topics) as reader, asyncio.timeout(PATIENCE):
        while len(records) < count:
            records += (await reader.fetch(100)).records
    return records


@asynccontextmanager
async def reading(log: EventLog, positions: Mapping[Position, int] | None = None, topics=(APPEALS,)):
    reader = log.consumer("routing", topics)
    try:
        await reader.start(Stored(positions))
        yield reader
    finally:
        await reader.stop()


@pytest.fixture
def reopened(log, tmp_path):
    """The same log as another process opens it."""
    if isinstance(log, EmbeddedLog):
        return lambda: EmbeddedLog(tmp_path / "events.db")
    return lambda: KafkaLog(log._connection, prefix=log._prefix)


class TestEventLog:
    async def test_what_is_appended_under_a_key_is_read_in_its_order(self, log):
        first, second = uuid4(), uuid4()
        await log.append(APPEALS, [envelope(first, "1"), envelope(second, "a"), envelope(first, "2")])
        await log.append(APPEALS, [envelope(first, "3"), envelope(second, "b")])
        records = await read(log, 5)
        assert [r.value for r in records if r.key == str(first)] == [b"1", b"2", b"3"]
        assert [r.value for r in records if r.key == str(second)] == [b"a", b"b"]

    async def test_headers_and_value_come_back_as_they_went(self, log):
        sent = envelope(uuid4(), "сөз")
        await log.append(APPEALS, [sent])
        (record,) = await read(log, 1)
        assert record.headers == sent.headers
        assert record.value == sent.value

    async def test_offsets_of_a_partition_have_no_gap(self, log):
        await log.append(APPEALS, [envelope(uuid4()) for _ in range(200)])
        records = await read(log, 200)
        for partition in range(PARTITIONS):
            offsets = [r.offset for r in records if r.partition == partition]
            assert offsets == list(range(len(offsets)))
        assert sum((await log.end_offsets(APPEALS)).values()) == 200

    async def test_a_reader_begins_at_its_stored_positions(self, log):
        key = uuid4()
        await log.append(APPEALS, [envelope(key, str(n)) for n in range(5)])
        records = await read(log, 2, {(APPEALS, partition_of(str(key))): 3})
        assert [r.value for r in records] == [b"3", b"4"]

    async def test_a_reader_of_one_topic_does_not_see_another(self, log):
        await log.append(PROVIDERS, [envelope(uuid4(), "provider")])
        await log.append(APPEALS, [envelope(uuid4(), "appeal")])
        assert [r.value for r in await read(log, 1)] == [b"appeal"]
        assert len(await read(log, 2, topics=(APPEALS, PROVIDERS))) == 2

    async def test_a_scan_shows_every_record_of_its_topic_and_ends(self, log):
        await log.append(PROVIDERS, [envelope(uuid4(), "provider")])
        await log.append(APPEALS, [envelope(uuid4(), str(n)) for n in range(30)])
        found = [record async for page in log.scan(APPEALS) for record in page]
        assert sorted(int(record.value) for record in found) == list(range(30))
        for partition in range(PARTITIONS):
            offsets = [record.offset for record in found if record.partition == partition]
            assert offsets == list(range(len(offsets)))

    async def test_an_append_wakes_a_waiting_reader(self, log):
        async with reading(log) as reader:
            waiting = asyncio.create_task(reader.fetch(10))
            await asyncio.sleep(0)
            await log.append(APPEALS, [envelope(uuid4())])
            assert len((await asyncio.wait_for(waiting, PATIENCE)).records) == 1

    async def test_a_position_behind_the_end_stops_the_reader_and_says_why(self, log):
        with pytest.raises(OffsetOutsideLog, match="restored"):
            await read(log, 1, {(APPEALS, 0): 7})

    async def test_everything_is_there_after_a_restart_and_the_topic_is_the_same_one(self, log, reopened):
        await log.append(APPEALS, [envelope(uuid4())])
        again = reopened()
        await again.start()
        assert await again.topic_id(APPEALS) == await log.topic_id(APPEALS)
        assert len(await read(again, 1)) == 1
        await again.stop()


def test_the_partition_of_a_key_is_the_one_kafka_would_choose():
    kafka = DefaultPartitioner()
    for _ in range(500):
        key = str(uuid4())
        assert partition_of(key) == kafka(key.encode(), list(range(PARTITIONS)), list(range(PARTITIONS)))


class TestEmbeddedLog:
    @pytest.fixture
    def log(self, embedded_log):
        return embedded_log

    async def test_an_event_sent_twice_is_kept_once_and_leaves_no_gap(self, log):
        key = uuid4()
        sent = envelope(key)
        assert await log.append(APPEALS, [sent]) == [True]
        assert list(await log.append(APPEALS, [sent, envelope(key, "next")])) == [True, True]
        assert [(r.offset, r.value) for r in await read(log, 2)] == [(0, b"x"), (1, b"next")]

    async def test_a_reader_far_behind_and_one_that_keeps_up_see_the_same(self, log, monkeypatch):
        monkeypatch.setattr(log, "_recent", deque(maxlen=10))
        sent = [envelope(uuid4(), str(n)) for n in range(35)]
        for start in range(0, 35, 7):
            await log.append(APPEALS, sent[start : start + 7])
        behind = await log.records_after(0, 100)
        assert [record.value for _, record in behind] == [one.value for one in sent]
        assert await log.records_after(30, 100) == behind[30:]
        assert await log.records_after(27, 3) == behind[27:30]

    async def test_a_cancelled_append_leaves_no_gap_for_the_readers(self, log):
        first = envelope(uuid4(), "cancelled")
        appending = asyncio.create_task(log.append(APPEALS, [first]))
        await asyncio.sleep(0)
        appending.cancel()
        with suppress(asyncio.CancelledError):
            await appending
        await log.append(APPEALS, [envelope(uuid4(), "after")])
        seen = [record.value for _, record in await log.records_after(0, 10)]
        assert seen[-1] == b"after"
        assert [seq for seq, _ in await log.records_after(0, 10)] == list(range(1, len(seen) + 1))

    async def test_what_comes_while_a_reader_looks_for_its_start_is_not_passed_over(self, log, tmp_path):
        """Else it would be lost: the position of its partition moves on with the next record."""
        keys = {partition_of(str(key)): key for key in (uuid4() for _ in range(500))}
        late = [envelope(keys[partition]) for partition in (0, 5)]  # the first partition was asked about already

        def append_in_between(statement: str) -> None:
            if "partition = 3" in statement and late:
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(lambda: asyncio.run(_append(tmp_path / "events.db", [late.pop(0), late.pop(0)]))).result()

        await log._reader.run(lambda file: file.set_trace_callback(append_in_between))
        assert await log.seq_before(APPEALS, {}) == 0
        assert not late

    async def test_two_processes_on_one_file_do_not_get_in_each_others_way(self, log, tmp_path):
        other = EmbeddedLog(tmp_path / "events.db")
        await other.start()
        for n in range(6):
            await (log, other)[n % 2].append(APPEALS, [envelope(uuid4(), str(n))])
        for each in (log, other):
            assert [record.value for _, record in await each.records_after(0, 10)] == [b"0", b"1", b"2", b"3", b"4", b"5"]
        await other.stop()


async def _append(path: Path, envelopes: list[Envelope]) -> None:
    log = EmbeddedLog(path)
    await log.start()
    await log.append(APPEALS, envelopes)
    await log.stop()
