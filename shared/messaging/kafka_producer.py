"""The Kafka producer of a service: writes in order per key and reports for each record whether it is known to be stored.

The order within a key holds whatever fails. Within one producer a batch of a partition is sent only after the previous one was
acknowledged, and the first failure ends the partition's sending. So no record is written unless all earlier records of its key
are in the log. After a failure with an unknown outcome (time-out, out-of-order, fenced) the relay sends again from the first
record not known to be stored, through a new producer. Requests of the old producer that are still in flight follow the same rule
and start no later. The two streams may interleave: copies appear, and the consumers' inboxes skip them, but the first copies are
in order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from shared.messaging.envelope import Envelope
from shared.messaging.kafka_connection import Connection
from shared.messaging.log import partition_of

SEND_SECONDS = 10.0  # longer than a fail-over of the leader (3 to 9 s), which the producer survives; after it the outcome is unknown
CLOSE_SECONDS = 7.0  # longer than a request waits for its answer
BATCH_BYTES = 512 * 1024  # bytes of one partition; a broker refuses more than 1 MiB by default

log = structlog.get_logger()


class KafkaWriter:
    """An idempotent producer that is replaced after its first failed send, because aiokafka's cannot continue.

    A failed batch leaves a hole in the producer's sequence, and every later batch of its partition is refused as out of order.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> list[bool]:
        """Append and return one flag per envelope: known to be stored.

        False means unknown: the record may be in the log or arrive later.
        """
        stored = [False] * len(envelopes)
        partitions: defaultdict[int, list[int]] = defaultdict(list)
        for index, envelope in enumerate(envelopes):
            partitions[partition_of(envelope.key)].append(index)
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                producer = await self._ready()
                await asyncio.gather(*(_append_to(producer, topic, n, envelopes, indexes, stored) for n, indexes in partitions.items()))
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("kafka did not accept the events", topic=topic, reason=type(error).__name__)
        if producer is not None and not all(stored):
            self._give_up(producer)
        return stored

    async def stop(self) -> None:
        """Close the producer. Records still in flight count as unknown."""
        if self._producer is not None:
            self._give_up(self._producer)
        await asyncio.gather(*self._closing)

    async def _ready(self) -> AIOKafkaProducer:
        async with self._making:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection.arguments(client_id="aryz"), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
                )
                try:
                    await producer.start()
                except BaseException:
                    self._give_up(producer)
                    raise
                self._producer = producer
            return self._producer

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        """Discard the producer. The next append creates a new one; this one closes in the background, because a broker may never answer."""
        if self._producer is producer:
            self._producer = None
        task = asyncio.create_task(_close(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _append_to(
    producer: AIOKafkaProducer, topic: str, partition: int, envelopes: Sequence[Envelope], indexes: list[int], stored: list[bool]
) -> None:
    """Send batch after batch, each once the previous one is acknowledged. A failure leaves the rest unsent."""
    start = 0
    while start < len(indexes):
        batch = producer.create_batch()  # one batch per partition: about twice the rate of one send() per record
        end = start
        while end < len(indexes):
            envelope = envelopes[indexes[end]]
            if batch.append(key=envelope.key.encode(), value=envelope.value, headers=list(envelope.headers), timestamp=None) is None:
                break
            end += 1
        batch.close()
        try:
            await (await producer.send_batch(batch, topic, partition=partition))
        except KafkaError as error:
            log.warning("events not known to be stored", topic=topic, partition=partition, reason=type(error).__name__)
            return
        for index in indexes[start:end]:
            stored[index] = True
        start = end


async def _close(producer: AIOKafkaProducer) -> None:
    # stop() waits until everything is delivered, and an idempotent producer retries for ever. So the sender is closed first, after the
    # current request; then the remaining batches are failed, and nothing queues them again. aiokafka has no public way to do either.
    steps = (producer._sender.close, lambda: _fail(producer), producer.stop, producer.client.close)  # noqa: SLF001
    for step in steps:
        with suppress(Exception):  # errors while closing are of no interest
            async with asyncio.timeout(CLOSE_SECONDS):
                await step()


async def _fail(producer: AIOKafkaProducer) -> None:
    waiting = producer._message_accumulator  # noqa: SLF001
    batches = [*waiting._pending_batches, *(batch for queue in waiting._batches.values() for batch in queue)]  # noqa: SLF001
    waiting.fail_all(KafkaTimeoutError())
    for batch in batches:
        for future in (batch.future, batch._drain_waiter):  # noqa: SLF001 - looked at, or asyncio complains that nobody did
            if future.done() and not future.cancelled():
                future.exception()
