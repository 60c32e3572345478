"""The embedded backend of the event log: one SQLite file in place of Kafka, for a suite on one machine.

It has the same partitions by the same partitioner. Offsets are assigned inside `BEGIN IMMEDIATE`, and an event sent twice is
stored once.
"""

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from shared.contracts import PARTITIONS, TOPICS
from shared.messaging.envelope import Envelope
from shared.messaging.log import Fetched, LogConsumer, OffsetOutsideLog, Position, Positions, Record, partition_of

RECENT = 4096  # records in memory (about 8 MB): consumers without lag share them instead of reading the file separately
POLL_SECONDS = (0.025, 0.25)  # first and longest wait for records of other processes; an event object wakes readers of this process
SCANNED = 5_000  # records in a page of a scan
T = TypeVar("T")

_INSERT = (
    'INSERT INTO record (seq, topic, partition, "offset", event_id, key, headers, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
    " ON CONFLICT (topic, event_id) DO NOTHING"
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
  seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
  event_id BLOB NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL, value BLOB NOT NULL,
  UNIQUE (topic, partition, "offset"), UNIQUE (topic, event_id));
"""


class EmbeddedLog:
    """The event log in one file. A separate thread accesses the file; `appended` wakes the readers of this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = _FileThread(path)
        self._reader = _FileThread(path)
        self._appended = asyncio.Condition()
        self._ends: dict[Position, int] = {}
        self._last_seq = 0
        self._recent: deque[tuple[int, Record]] = deque(maxlen=RECENT)

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        await self._writer.run(_create)
        self._ends = await self._writer.run(_read_ends)
        self._last_seq = await self._writer.run(_last_seq)

    async def stop(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> Sequence[bool]:
        """See `EventLog.append`. Either all envelopes are stored or an error is raised and none is."""
        loop = asyncio.get_running_loop()
        await self._writer.run(lambda file: self._store(file, topic, envelopes, loop))
        async with self._appended:
            self._appended.notify_all()
        return [True] * len(envelopes)

    def consumer(self, group: str, topics: Sequence[str]) -> LogConsumer:
        """See `EventLog.consumer`. The group has one member, because one process uses the file."""
        del group
        return _EmbeddedConsumer(self, topics)

    async def scan(self, topic: str) -> AsyncIterator[Sequence[Record]]:
        """See `EventLog.scan`. The records of all partitions come in the order of appending."""
        seq, last = 0, await self._reader.run(_last_seq)
        while seq < last:
            page = await self._reader.run(partial(_records_after, seq=seq, limit=min(SCANNED, last - seq)))
            seq = page[-1][0]
            yield [record for _, record in page if record.topic == topic]

    async def topic_id(self, topic: str) -> str:
        """See `EventLog.topic_id`."""
        return await self._reader.run(lambda file: str(file.execute("SELECT id FROM topic WHERE name = ?", (topic,)).fetchone()[0]))

    async def end_offsets(self, topic: str) -> Mapping[int, int]:
        """See `EventLog.end_offsets`."""
        ends = await self._reader.run(_read_ends)
        return {partition: ends.get((topic, partition), 0) for partition in range(PARTITIONS)}

    async def records_after(self, seq: int, limit: int) -> list[tuple[int, Record]]:
        """Return records of all topics and partitions after `seq`, in the order of appending, each with its `seq`."""
        if self._recent and self._recent[0][0] <= seq + 1:
            behind = seq + 1 - self._recent[0][0]
            return list(islice(self._recent, behind, behind + limit))
        return await self._reader.run(lambda file: _records_after(file, seq, limit))

    async def seq_before(self, topic: str, positions: Mapping[Position, int]) -> int:
        """Return the `seq` before every record at or after these positions. Partitions without a position count from 0."""
        return await self._reader.run(lambda file: _seq_before(file, topic, positions))

    async def wait(self, seconds: float) -> None:
        """Wait until this process appends a record, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._appended:
                await self._appended.wait()
        except TimeoutError:
            return

    def _store(self, file: sqlite3.Connection, topic: str, envelopes: Sequence[Envelope], loop: asyncio.AbstractEventLoop) -> None:
        """Write the new events in one transaction, each with the next `seq`. `seq` counts without gaps."""
        stored: list[tuple[int, Record]] = []
        file.execute("BEGIN IMMEDIATE")
        try:
            last = _last_seq(file)
            if last != self._last_seq:  # another process wrote, so the cached records have a gap
                self._ends = _read_ends(file)
                loop.call_soon_threadsafe(self._recent.clear)
            ends = dict(self._ends)
            for envelope in envelopes:
                partition = partition_of(envelope.key)
                record = Record(topic, partition, ends.get((topic, partition), 0), envelope.key, envelope.headers, envelope.value)
                if file.execute(_INSERT, _row(last + 1, record, envelope.id)).rowcount:
                    last += 1
                    ends[(topic, partition)] = record.offset + 1
                    stored.append((last, record))
            file.execute("COMMIT")
        except BaseException:
            file.execute("ROLLBACK")
            raise
        self._ends, self._last_seq = ends, last
        # Cached here in the file thread: if the caller is cancelled, the cache still has no gap.
        loop.call_soon_threadsafe(self._recent.extend, stored)


class _EmbeddedConsumer:
    """Reads all partitions in the order of appending, which preserves the order of each partition."""

    def __init__(self, log: EmbeddedLog, topics: Sequence[str]) -> None:
        self._log = log
        self._topics = topics
        self._next: dict[Position, int] = {}
        self._seq = 0

    async def start(self, positions: Positions) -> None:
        stored = await positions.load({topic: await self._log.topic_id(topic) for topic in self._topics})
        for topic in self._topics:
            ends = await self._log.end_offsets(topic)
            for partition, end in ends.items():
                if stored.get((topic, partition), 0) > end:
                    raise OffsetOutsideLog(
                        f"{topic}/{partition}: the stored position {stored[(topic, partition)]} lies behind the log's end {end}; "
                        "the log was restored to an earlier time than the database"
                    )
        self._next.update(stored)
        self._seq = min([await self._log.seq_before(topic, self._next) for topic in self._topics], default=0)

    async def fetch(self, limit: int) -> Fetched:
        wait, longest = POLL_SECONDS
        while True:
            found = await self._log.records_after(self._seq, limit)
            if found:
                self._seq = found[-1][0]
            fresh = [r for _, r in found if r.topic in self._topics and r.offset >= self._next.get((r.topic, r.partition), 0)]
            if fresh:
                for record in fresh:
                    self._next[(record.topic, record.partition)] = record.offset + 1
                return Fetched(fresh, generation=0)
            if not found:
                await self._log.wait(wait)
                wait = min(wait * 2, longest)

    @asynccontextmanager
    async def hold(self, fetched: Fetched) -> AsyncIterator[None]:
        del fetched  # no other consumer can take the partitions of this file
        yield

    async def applied(self, positions: Mapping[Position, int]) -> None:
        del positions

    async def stop(self) -> None:
        return


class _FileThread:
    """A connection to the file and the thread that alone uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="event-log")
        self._file: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._open()))

    async def close(self) -> None:
        if self._file is not None:
            file = self._file
            await asyncio.get_running_loop().run_in_executor(self._thread, file.close)
        self._thread.shutdown(wait=False)

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            self._file = sqlite3.connect(self._path, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                self._file.execute(f"PRAGMA {pragma}")
        return self._file


def _create(file: sqlite3.Connection) -> None:
    file.executescript(_SCHEMA)
    for topic in TOPICS:
        file.execute("INSERT INTO topic (name, id) VALUES (?, ?) ON CONFLICT DO NOTHING", (topic, str(uuid4())))


def _read_ends(file: sqlite3.Connection) -> dict[Position, int]:
    """Return the end of every partition. Each query is one index access, where GROUP BY would scan the whole log."""
    ends = {}
    for topic in TOPICS:
        for partition in range(PARTITIONS):
            query = 'SELECT MAX("offset") + 1 FROM record WHERE topic = ? AND partition = ?'
            (end,) = file.execute(query, (topic, partition)).fetchone()
            if end is not None:
                ends[(topic, partition)] = end
    return ends


def _last_seq(file: sqlite3.Connection) -> int:
    return int(file.execute("SELECT COALESCE(MAX(seq), 0) FROM record").fetchone()[0])


def _row(seq: int, record: Record, event_id: UUID) -> tuple[object, ...]:
    headers = json.dumps([(name, value.decode()) for name, value in record.headers], separators=(",", ":"))
    return (seq, record.topic, record.partition, record.offset, event_id.bytes, record.key, headers, record.value)


def _records_after(file: sqlite3.Connection, seq: int, limit: int) -> list[tuple[int, Record]]:
    rows = file.execute(
        'SELECT seq, topic, partition, "offset", key, headers, value FROM record WHERE seq > ? ORDER BY seq LIMIT ?', (seq, limit)
    )
    return [
        (seq, Record(topic, partition, offset, key, tuple((name, text.encode()) for name, text in json.loads(headers)), value))
        for seq, topic, partition, offset, key, headers, value in rows
    ]


def _seq_before(file: sqlite3.Connection, topic: str, positions: Mapping[Position, int]) -> int:
    file.execute("BEGIN")  # one snapshot: a record that arrives between two queries would never be read
    try:
        return _seq_before_now(file, topic, positions)
    finally:
        file.execute("COMMIT")


def _seq_before_now(file: sqlite3.Connection, topic: str, positions: Mapping[Position, int]) -> int:
    starts = []
    for partition in range(PARTITIONS):
        row = file.execute(
            'SELECT seq FROM record WHERE topic = ? AND partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT 1',
            (topic, partition, positions.get((topic, partition), 0)),
        ).fetchone()
        if row is not None:
            starts.append(row[0])
    if starts:
        return int(min(starts)) - 1
    return _last_seq(file)
