"""The interface of the event log: append under a key, read every partition in order. Backends: embedded SQLite and Kafka."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared.contracts import PARTITIONS
from shared.messaging.envelope import Envelope, Headers
from shared.messaging.murmur2 import murmur2

Position = tuple[str, int]
"""A topic and the number of its partition."""


def partition_of(key: str) -> int:
    """Return the partition of a key as Kafka's default partitioner chooses it (murmur2)."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS


class Record(NamedTuple):
    """A record of the log. `offset` counts from 0 in each partition, without gaps unless Kafka compacted the topic."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Headers
    value: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records in the order of each partition, read under one assignment of partitions (`generation`)."""

    records: Sequence[Record]
    generation: int


class LogError(Exception):
    """The log is faulty and an operator has to act."""


class LogReplaced(LogError):
    """Another topic exists under the same name, so the stored position means nothing in it."""


class OffsetOutsideLog(LogError):
    """The stored position lies outside the log: the database or the log was restored to another time."""


class AssignmentLost(Exception):
    """The partitions were reassigned during the batch. Drop the batch; its records will be read again."""


class Positions(Protocol):
    """The stored positions of a consumer. An offset names the next record to read."""

    async def load(self, topic_ids: Mapping[str, str]) -> Mapping[Position, int]:
        """Return the stored positions. Raises LogReplaced if one was stored for a topic with another id."""
        ...


class LogConsumer(Protocol):
    """One member of a consumer group."""

    async def start(self, positions: Positions) -> None:
        """Join the group and start at the stored positions, or at 0 where none is stored."""
        ...

    async def fetch(self, limit: int) -> Fetched:
        """Return up to `limit` records. Waits until there is at least one."""
        ...

    def hold(self, fetched: Fetched) -> AbstractAsyncContextManager[None]:
        """Keep the partitions assigned while the batch is applied. Raises AssignmentLost if they are already reassigned."""
        ...

    async def applied(self, positions: Mapping[Position, int]) -> None:
        """Report the applied positions to tools that watch the group. The authoritative positions are in the consumer's database."""
        ...

    async def stop(self) -> None: ...


class EventLog(Protocol):
    """An ordered, durable log of events in topics of `PARTITIONS` partitions."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Append durably, in order per key. Returns one flag per envelope: True if the record is known to be stored."""
        ...

    def consumer(self, group: str, topics: Sequence[str]) -> LogConsumer: ...

    def scan(self, topic: str) -> AsyncIterator[Sequence[Record]]:
        """Yield all records that the topic holds now, page by page, each partition in order. No consumer group is involved."""
        ...

    async def topic_id(self, topic: str) -> str:
        """Return the id of the topic. It changes when the topic is deleted and created again."""
        ...

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """Return for each partition the offset of the next record."""
        ...
