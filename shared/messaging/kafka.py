"""The Kafka backend of the event log."""

from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer

from shared.messaging.envelope import Envelope
from shared.messaging.kafka_connection import Connection, connection
from shared.messaging.kafka_consumer import PARTITION_FETCH_BYTES, KafkaLogConsumer, to_record
from shared.messaging.kafka_producer import KafkaWriter
from shared.messaging.kafka_topics import KafkaTopics
from shared.messaging.log import LogConsumer, LogError, Record
from shared.settings import ServiceSettings

SCANNED = 5_000  # records in a page of a scan
SCAN_WAIT_MS = 1_000


class KafkaLog:
    """See `EventLog`. An event sent twice is stored twice; the inbox of each consumer skips the copy."""

    def __init__(self, connected: Connection, *, prefix: str = "", replication: int | None = None) -> None:
        self._connection = connected
        self._prefix = prefix
        self._topics = KafkaTopics(connected, prefix=prefix, replication=replication)
        self._writer = KafkaWriter(connected)
        self._observer: AIOKafkaConsumer | None = None

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> "KafkaLog":
        """Build the log from the settings. Opens no connection before `start`. Raises MissingSetting."""
        return cls(connection(settings), prefix=settings.prefix, replication=settings.kafka_replication)

    async def start(self) -> None:
        """Create and check the topics. Raises LogError if the cluster does not answer within half a minute."""
        try:
            await self._topics.start()
            self._observer = self._reader()
            await self._observer.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._writer.stop()
        if self._observer is not None:
            await self._observer.stop()
        await self._topics.stop()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """See `EventLog.append`. An unavailable cluster raises nothing; its flags are False."""
        return await self._writer.append(self._topics.name(topic), envelopes)

    def consumer(self, group: str, topics: Sequence[str]) -> LogConsumer:
        """Return a member of the group `[<prefix>.]aryz.<group>`."""
        name = f"{self._prefix}.aryz.{group}" if self._prefix else f"aryz.{group}"
        return KafkaLogConsumer(self._connection.arguments(client_id=name), name, topics, self._topics)

    async def scan(self, topic: str) -> AsyncIterator[Sequence[Record]]:
        """See `EventLog.scan`."""
        reader = self._reader()
        await reader.start()
        try:
            partitions = self._topics.partitions(topic)
            ends = await reader.end_offsets(partitions)
            places = await reader.beginning_offsets(partitions)
            reader.assign(partitions)
            for partition, first in places.items():
                reader.seek(partition, first)
            while any(places[partition] < ends[partition] for partition in partitions):
                drained = await reader.getmany(timeout_ms=SCAN_WAIT_MS, max_records=SCANNED)
                yield [
                    to_record(record, topic)
                    for partition, records in drained.items()
                    for record in records
                    if record.offset < ends[partition]
                ]
                for partition in partitions:  # the reader's position, not the last record: compaction leaves gaps, also at the end
                    places[partition] = await reader.position(partition)
        finally:
            await reader.stop()

    async def topic_id(self, topic: str) -> str:
        """See `EventLog.topic_id`. Returns the id that Kafka assigned to the topic."""
        return (await self._topics.ids([topic]))[topic]

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """See `EventLog.end_offsets`."""
        if self._observer is None:
            raise LogError("the log is not started")
        ends = await self._observer.end_offsets(self._topics.partitions(topic))
        return {partition.partition: end for partition, end in ends.items()}

    def _reader(self) -> AIOKafkaConsumer:
        """Return a consumer without a group."""
        return AIOKafkaConsumer(
            **self._connection.arguments(client_id="aryz"),
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )
