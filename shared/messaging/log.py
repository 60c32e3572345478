"""The event log as the services see it: append under a key, read every partition in order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aiokafka.partitioner import murmur2

from shared.contracts import PARTITIONS
from shared.messaging.envelope import Envelope, Headers

Position = tuple[str, int]
"""A topic's partition."""


def partition_of(key: str) -> int:
    """The partition of a key, as Kafka's default partitioner chooses it (murmur2)."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)


class Record(NamedTuple):
    """What the log keeps. `offset` counts from 0 in each partition, without gaps unless Kafka compacted the topic."""

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
    """Something is wrong with the log itself; a person has to look."""


class LogReplaced(LogError):
    """Another topic stands under the same name: the stored position means nothing in it."""


class OffsetOutsideLog(LogError):
    """The stored position lies outside the log: a database or a log was restored to another time."""


class AssignmentLost(Exception):
    """The partitions went to another member while a batch was in hand: drop the batch, its records come again."""


class Positions(Protocol):
    """Where a consumer stands. Offsets name the next record to read."""

    async def load(self, topic_ids: Mapping[str, str]) -> Mapping[Position, int]:
        """Stored positions; raises `LogReplaced` when one was stored for a topic with another id."""
        ...


class LogConsumer(Protocol):
    """One member of a group of readers."""

    async def start(self, positions: Positions) -> None:
        """Take partitions and begin at the stored positions; 0 where nothing is stored."""
        ...

    async def fetch(self, limit: int) -> Fetched:
        """Up to `limit` records, waiting until there are any."""
        ...

    def hold(self, fetched: Fetched) -> AbstractAsyncContextManager[None]:
        """Keep the partitions while the batch is applied; raises `AssignmentLost` if they are gone already."""
        ...

    async def rewind(self, positions: Mapping[Position, int]) -> None:
        """Go back: the next fetch starts at these positions again."""
        ...

    async def applied(self, positions: Mapping[Position, int]) -> None:
        """A hint for whoever watches the group; the truth is in the consumer's database."""
        ...

    async def stop(self) -> None: ...


class EventLog(Protocol):
    """An ordered, durable log of events in topics of `PARTITIONS` partitions."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """Store durably, in order per key; one flag an envelope says whether it is known to be kept."""
        ...

    def consumer(self, group: str, topics: Sequence[str]) -> LogConsumer: ...

    def scan(self, topic: str) -> AsyncIterator[Sequence[Record]]:
        """Page by page every record that the topic holds now, each partition in its order; no group takes notice."""
        ...

    async def topic_id(self, topic: str) -> str:
        """Changes when the topic is deleted and made again."""
        ...

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """For each partition the offset that the next record will get."""
        ...
