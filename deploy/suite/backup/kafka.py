"""Restoring the log in Kafka: every record gets its former partition and offset, because the stores refer to offsets."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.clock import Clock
from shared.contracts import PARTITIONS, TOPICS
from shared.ids import RandomIds
from shared.messaging.envelope import Envelope
from shared.messaging.kafka import KafkaLog
from shared.messaging.kafka_connection import connection
from shared.messaging.kafka_topics import KafkaTopics
from shared.messaging.log import Record
from shared.settings import ServiceSettings
from suite.backup.events import read_records
from suite.backup.manifest import Advance, RestoreRefused, Topic

OFFSET_KEPT = "kz.aryz.suite.offset-kept.v1"  # fills the gaps of compaction; no consumer handles it
BATCH_BYTES = 512 * 1024  # a broker refuses more than 1 MiB by default
GONE_SECONDS = 30.0  # until a deleted topic is gone from every broker
POLL_SECONDS = 0.2


class KafkaRestore:
    """The topics of one prefix in a cluster. An async context manager, which creates missing topics on entry."""

    def __init__(self, settings: ServiceSettings, clock: Clock) -> None:
        self._connection = connection(settings)
        self._names = {topic: KafkaTopics(self._connection, prefix=settings.prefix, replication=None).name(topic) for topic in TOPICS}
        self._settings = settings
        self._clock = clock
        self._log = KafkaLog.from_settings(settings)

    async def __aenter__(self) -> Self:
        await self._log.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._log.stop()

    async def occupied(self) -> Sequence[str]:
        """Return the topics that ever held records: their offsets do not begin at 0."""
        return [f"topic {self._names[topic]}" for topic in TOPICS if any((await self._log.end_offsets(topic)).values())]

    async def empty(self) -> None:
        """Delete the topics and create them again. Raises RestoreRefused."""
        await self._log.stop()
        admin = AIOKafkaAdminClient(**self._connection.arguments())
        await admin.start()
        try:
            await admin.delete_topics(list(self._names.values()))
            async with asyncio.timeout(GONE_SECONDS):
                while set(self._names.values()) & set(await admin.list_topics()):  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise RestoreRefused("Kafka has not deleted the topics; see that delete.topic.enable is true, then restore again") from None
        finally:
            await admin.close()
        self._log = KafkaLog.from_settings(self._settings)
        await self._log.start()

    async def fill(self, part: Path, topics: Mapping[str, Topic], advance: Advance) -> Mapping[str, str]:
        """Write the records of a backup and return the ids of their topics. Raises RestoreRefused."""
        total = sum(sum(topic.ends.values()) for topic in topics.values())
        done = 0
        producer = AIOKafkaProducer(
            **self._connection.arguments(client_id="aryz"), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
        )
        await producer.start()
        try:
            for name, topic in topics.items():
                for partition, end in topic.ends.items():
                    await _write(producer, self._names[name], partition, self._whole(part, name, partition, end))
                    done += end
                    advance(done, total)
        finally:
            await producer.stop()
        for name, topic in topics.items():
            ends = await self._log.end_offsets(name)
            if any(ends[partition] != topic.ends.get(partition, 0) for partition in range(PARTITIONS)):
                raise RestoreRefused(
                    f"{self._names[name]} does not end where it should: something else writes into it; stop it, restore again"
                )
        return {name: await self._log.topic_id(name) for name in topics}

    def _whole(self, part: Path, topic: str, partition: int, end: int) -> Iterator[Record]:
        """Yield the records of a partition, with a filler for each record that was compacted away."""
        offset = 0
        for record in read_records(part, topic, partition):
            yield from (self._gap(topic, partition, each) for each in range(offset, record.offset))
            yield record
            offset = record.offset + 1
        yield from (self._gap(topic, partition, each) for each in range(offset, end))

    def _gap(self, topic: str, partition: int, offset: int) -> Record:
        event_id = RandomIds().new()
        kept = Envelope(event_id, OFFSET_KEPT, self._clock.now(), OFFSET_KEPT, event_id, None, None, b"{}")
        return Record(topic, partition, offset, kept.key, kept.headers, kept.value)


async def _write(producer: AIOKafkaProducer, name: str, partition: int, records: Iterator[Record]) -> None:
    """Write to one partition batch by batch, and check that each batch gets the expected offsets."""
    record = next(records, None)
    while record is not None:
        batch, first = producer.create_batch(), record.offset
        while record is not None:
            if batch.append(key=record.key.encode(), value=record.value, headers=list(record.headers), timestamp=None) is None:
                break
            record = next(records, None)
        batch.close()
        written = await (await producer.send_batch(batch, name, partition=partition))
        if written.offset != first:
            raise RestoreRefused(
                f"{name}/{partition} has other records at offset {first}: something else writes into it; stop it, restore again"
            )
