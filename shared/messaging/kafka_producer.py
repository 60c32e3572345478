"""Writing to Kafka: in order per key, each record known to be kept or not.

Why the order under a key holds whatever fails. Within one producer a partition's batches follow each other only when the one before was
acknowledged, and the first that fails ends the partition's turn: no record is ever written by us unless all before it under its key are in
the log. After a failure whose outcome is unknown (time-out, out-of-order, fenced) the relay sends again from the first record not known
to be kept, through a new producer; what the old one may still have in flight obeys the same rule and begins no later. Two streams that each
keep the order and leave no gap may interleave: copies appear, and the readers' inbox drops them, but the first copies stand in order.
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

SEND_SECONDS = 10.0  # longer than a leader's fall-over (3 to 9 s), which the same producer gets over; then the outcome counts as unknown
CLOSE_SECONDS = 7.0  # longer than a request waits for its answer
BATCH_BYTES = 512 * 1024  # of one partition; a broker refuses more than 1 MiB unless told otherwise

log = structlog.get_logger()


class KafkaWriter:
    """An idempotent producer, replaced by a new one as soon as one of its sends fails: aiokafka's cannot go on after that.

    A batch that fails leaves a hole in the producer's sequence, and every later one of its partition is refused as out of order.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> list[bool]:
        """One flag an envelope: known to be kept. False means not known: it may be in the log, or come into it later."""
        kept = [False] * len(envelopes)
        partitions: defaultdict[int, list[int]] = defaultdict(list)
        for index, envelope in enumerate(envelopes):
            partitions[partition_of(envelope.key)].append(index)
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                producer = await self._ready()
                await asyncio.gather(*(_append_to(producer, topic, n, envelopes, indexes, kept) for n, indexes in partitions.items()))
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("kafka does not take the events", topic=topic, reason=type(error).__name__)
        if producer is not None and not all(kept):
            self._give_up(producer)
        return kept

    async def stop(self) -> None:
        """Close the producer; what is still on its way counts as not known."""
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
        """The next append makes a new producer; this one is closed beside it, without waiting for a broker that may never answer."""
        if self._producer is producer:
            self._producer = None
        task = asyncio.create_task(_close(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _append_to(
    producer: AIOKafkaProducer, topic: str, partition: int, envelopes: Sequence[Envelope], indexes: list[int], kept: list[bool]
) -> None:
    """Batch after batch, each when the one before was acknowledged; a failure leaves the rest unsent."""
    start = 0
    while start < len(indexes):
        batch = producer.create_batch()  # a batch a partition: about twice the rate of a send() for each record
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
            log.warning("events not known to be kept", topic=topic, partition=partition, reason=type(error).__name__)
            return
        for index in indexes[start:end]:
            kept[index] = True
        start = end


async def _close(producer: AIOKafkaProducer) -> None:
    # stop() waits until everything is delivered, and an idempotent producer tries for ever. So its sender is ended first, after the
    # request on its way; then what it still has is failed, which nothing puts back any more. aiokafka has no public way to do either.
    steps = (producer._sender.close, lambda: _fail(producer), producer.stop, producer.client.close)  # noqa: SLF001
    for step in steps:
        with suppress(Exception):  # whatever it says in passing, nobody waits for it any more
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
