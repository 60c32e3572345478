"""The event log in a backup. The embedded log is copied as a file like the stores; Kafka's records go into a file of the same form."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from shared.contracts import TOPICS
from shared.messaging.log import EventLog, Record
from suite.backup.manifest import Advance, Topic
from suite.backup.sqlite import SqliteFiles

PART = "events.db"
LOG = "event log"
_SCHEMA = """
CREATE TABLE record (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (topic, partition, "offset")) WITHOUT ROWID;
"""
_ENDS = 'SELECT partition, MAX("offset") + 1 FROM record WHERE topic = ? GROUP BY partition'


class EmbeddedLogFile:
    """The embedded log of one machine."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFiles({LOG: path})

    async def absent(self) -> Sequence[str]:
        """Return the path of the file if it is missing."""
        return await self._file.absent()

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Fix the moment of the backup."""
        async with self._file.cut():
            yield

    async def topics(self) -> Mapping[str, Topic]:
        """Return the topics as of that moment."""
        snapshot = self._file.snapshot(LOG)
        ids = snapshot.execute("SELECT name, id FROM topic").fetchall()
        return {name: Topic(id=topic_id, ends=dict(snapshot.execute(_ENDS, (name,)).fetchall())) for name, topic_id in ids}

    async def copy(self, into: Path, advance: Advance) -> None:
        """Copy every record up to that moment."""
        await self._file.copy(LOG, into, advance)

    async def close(self) -> None:
        await self._file.close()


class KafkaRecords:
    """The log on Kafka up to its end at the cut. Later records belong to no database of the backup."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._topics: dict[str, Topic] = {}

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Fix the moment of the backup."""
        for topic in TOPICS:
            self._topics[topic] = Topic(id=await self._log.topic_id(topic), ends=await self._log.end_offsets(topic))
        yield

    async def topics(self) -> Mapping[str, Topic]:
        """Return the topics as of that moment."""
        return self._topics

    async def copy(self, into: Path, advance: Advance) -> None:
        """Copy every record up to that moment."""
        total = sum(sum(topic.ends.values()) for topic in self._topics.values())
        done = 0
        with closing(record_file(into)) as file:
            for name, topic in self._topics.items():
                async for page in self._log.scan(name):
                    add_records(file, (record for record in page if record.offset < topic.ends[record.partition]))
                    done += len(page)
                    advance(min(done, total), total)

    async def close(self) -> None:
        await self._log.stop()


def read_records(path: Path, topic: str, partition: int) -> Iterator[Record]:
    """Yield the records of a partition in a backup, in order."""
    with closing(sqlite3.connect(path)) as file:
        query = 'SELECT * FROM record WHERE topic = ? AND partition = ? ORDER BY "offset"'
        for _, _, offset, key, headers, value in file.execute(query, (topic, partition)):
            yield Record(topic, partition, offset, key, _headers(headers), value)


def record_file(path: Path) -> sqlite3.Connection:
    """Create an empty file for Kafka's records."""
    file = sqlite3.connect(path, isolation_level=None)
    file.executescript(_SCHEMA)
    return file


def add_records(file: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Add records to a file."""
    file.execute("BEGIN")
    file.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", map(_row, records))
    file.execute("COMMIT")


def _row(record: Record) -> tuple[object, ...]:
    headers = json.dumps([(name, value.decode("latin-1")) for name, value in record.headers], separators=(",", ":"))
    return (record.topic, record.partition, record.offset, record.key, headers, record.value)


def _headers(text: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))
