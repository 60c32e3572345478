"""aiokafka's producer after a failed send: a naive writer in comparison with ours."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.protocol.produce import ProduceRequest

from shared.contracts import APPEALS
from shared.messaging import kafka_producer
from shared.messaging.envelope import Envelope
from shared.messaging.kafka_connection import Connection
from shared.messaging.kafka_producer import KafkaWriter

BIG = 20_000


def envelope(key: UUID, text: str, size: int = 0) -> Envelope:
    value = text.encode().ljust(size, b" ")
    return Envelope(uuid4(), "kz.aryz.routing.case-claimed.v1", datetime.now(UTC), str(key), uuid4(), None, None, value)


@asynccontextmanager
async def naive(kafka, **arguments):
    """A producer as it comes, kept for ever, each record sent on its own."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, request_timeout_ms=2_000, **arguments)
    await producer.start()
    try:
        yield producer
    finally:
        producer._message_accumulator.fail_all(KafkaError())  # else it would wait for what it can never deliver
        with suppress(Exception):
            await producer.stop()


@pytest.fixture
async def writer(kafka):
    writer = KafkaWriter(Connection(kafka.bootstrap))
    yield writer
    await writer.stop()


@pytest.fixture
async def small_topic(admin, prefix):
    """Refuses records of some kilobytes, as a broker refuses too large ones."""
    await admin.create_topics([NewTopic(f"{prefix}.small", 12, 1, topic_configs={"max.message.bytes": "5000"})])
    yield f"{prefix}.small"
    await admin.delete_topics([f"{prefix}.small"])


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(kafka_producer, "SEND_SECONDS", 1.0)


class TestAcknowledgement:
    """`acks` defaults to 1: the leader alone says that a record is kept. With one broker only what is asked of it can be seen."""

    @pytest.fixture
    def asked(self, monkeypatch):
        """The acknowledgements that produce requests ask for, and whether copies of a resend are told apart (a producer id)."""
        seen = []
        prepare = ProduceRequest.prepare

        def note(request, versions):
            seen.append(request.required_acks)
            return prepare(request, versions)

        monkeypatch.setattr(ProduceRequest, "prepare", note)
        return seen

    async def test_a_naive_producer_is_content_with_the_leader(self, kafka, log, asked):
        async with naive(kafka) as producer:
            await producer.send_and_wait(log._topics.name(APPEALS), b"x")
            assert producer._txn_manager is None
        assert set(asked) == {1}

    async def test_ours_asks_for_all_that_are_in_sync_and_is_idempotent(self, log, asked):
        assert await log.append(APPEALS, [envelope(uuid4(), "x")]) == [True]
        assert log._writer._producer._txn_manager.has_pid()
        assert set(asked) == {-1}


class TestFailedBatch:
    """A failed batch leaves a hole in an idempotent producer's sequence: the broker refuses all that follows in that partition."""

    async def test_a_naive_producer_never_gets_over_it(self, kafka, small_topic):
        async with naive(kafka, enable_idempotence=True) as producer:
            await producer.send_and_wait(small_topic, b"x", partition=0)
            with pytest.raises(MessageSizeTooLargeError):
                await producer.send_and_wait(small_topic, b"x" * BIG, partition=0)
            for _ in range(3):
                with pytest.raises(OutOfOrderSequenceNumber):
                    await producer.send_and_wait(small_topic, b"x", partition=0)

    async def test_ours_goes_on_with_a_new_producer(self, writer, small_topic):
        key = uuid4()
        assert await writer.append(small_topic, [envelope(key, "x")]) == [True]
        assert await writer.append(small_topic, [envelope(key, "x", BIG)]) == [False]
        assert await writer.append(small_topic, [envelope(key, "y")]) == [True]

    async def test_without_idempotence_a_naive_producer_keeps_what_stands_behind_the_failed_one(self, kafka, small_topic):
        async with naive(kafka) as producer:
            first = await producer.send(small_topic, b"x" * BIG, partition=0)
            second = await producer.send(small_topic, b"y", partition=0)
            outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(outcomes[0], MessageSizeTooLargeError)
        assert outcomes[1].offset == 0

    async def test_ours_keeps_nothing_behind_a_failure_in_its_partition(self, writer, small_topic, monkeypatch):
        monkeypatch.setattr(kafka_producer, "BATCH_BYTES", 6_000)  # so that the second record needs a batch of its own
        key = uuid4()
        assert await writer.append(small_topic, [envelope(key, "x", BIG), envelope(key, "y")]) == [False, False]

    async def test_a_failed_batch_leaves_the_batch_before_it_and_other_partitions_stored(self, writer, small_topic, monkeypatch):
        monkeypatch.setattr(kafka_producer, "BATCH_BYTES", 4_000)
        sick, well = uuid4(), uuid4()
        while kafka_producer.partition_of(str(sick)) == kafka_producer.partition_of(str(well)):
            well = uuid4()
        sent = [envelope(sick, "1", 3_000), envelope(sick, "2", BIG), envelope(well, "a"), envelope(sick, "3")]
        assert await writer.append(small_topic, sent) == [True, False, True, False]


class TestSilentBroker:
    """A stopped broker answers nothing: a send without a time-out of its own waits for ever."""

    @pytest.fixture
    def silent(self, kafka):
        """Falls silent when called; speaks again at the latest when the test ends."""

        threads = Path(f"/proc/{kafka.pid(1)}/task")

        def is_still() -> bool:
            return all("\nState:\tT" in status.read_text() for status in threads.glob("*/status"))

        async def fall_silent() -> None:
            kafka.suspend(1)
            while not is_still():
                await asyncio.sleep(0.01)

        yield fall_silent
        kafka.resume(1)

    async def test_a_naive_send_waits_beyond_every_request_time_out(self, kafka, log, prefix, silent):
        del log
        async with naive(kafka, enable_idempotence=True, acks="all") as producer:
            await producer.send_and_wait(f"{prefix}.{APPEALS}", b"x", partition=0)
            await silent()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(4):  # twice its request_timeout_ms
                    await producer.send_and_wait(f"{prefix}.{APPEALS}", b"y", partition=0)
            kafka.resume(1)

    @pytest.mark.usefixtures("soon")
    async def test_ours_gives_up_and_what_is_sent_again_stands_in_order(self, kafka, log, silent):
        key = uuid4()
        first, rest = envelope(key, "0"), [envelope(key, str(number)) for number in range(1, 6)]
        assert await log.append(APPEALS, [first]) == [True]
        await silent()
        assert list(await log.append(APPEALS, rest[:3])) == [False] * 3  # the outcome is unknown: they may yet come into the log
        kafka.resume(1)
        sent = list(await log.append(APPEALS, rest))
        while not all(sent):
            sent = list(await log.append(APPEALS, rest))
        seen = {}
        async for page in log.scan(APPEALS):
            for record in page:
                seen.setdefault(dict(record.headers)["ce_id"], record.value.decode())  # as an inbox drops copies
        assert list(seen.values()) == [str(number) for number in range(6)]

    async def test_the_first_copies_stand_in_order_however_two_streams_of_sends_interleave(self, kafka, log):
        """A producer that was given up may still deliver what it has, between the sends of the next one."""
        key = uuid4()
        events = [envelope(key, str(number)) for number in range(40)]
        old, new = KafkaWriter(Connection(kafka.bootstrap)), KafkaWriter(Connection(kafka.bootstrap))
        topic = log._topics.name(APPEALS)

        async def send(writer: KafkaWriter, many: int, pause: float) -> None:
            for start in range(0, many, 5):
                assert all(await writer.append(topic, events[start : start + 5]))
                await asyncio.sleep(pause)

        await asyncio.gather(send(old, 25, 0.01), send(new, 40, 0.003))
        seen = {}
        async for page in log.scan(APPEALS):
            for record in page:
                seen.setdefault(dict(record.headers)["ce_id"], int(record.value))
        assert list(seen.values()) == list(range(40))
        await old.stop()
        await new.stop()

    async def test_an_absent_broker_is_no_error_but_nothing_is_kept(self):
        writer = KafkaWriter(Connection("127.0.0.1:9"))
        assert await writer.append(APPEALS, [envelope(uuid4(), "x")]) == [False]
        await writer.stop()
