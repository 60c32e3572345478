"""Backup of SQLite stores: copies as of one moment while the suite runs, and their restore in a data folder."""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

from suite.backup.manifest import CHUNK, Advance, BackupFailed, sync_folder
from suite.lock import UNFINISHED

ATTEMPTS = 60
ATTEMPT_SECONDS = 0.5  # a writer of the suite waits 5 s for its file, much longer than an attempt holds some files
PAGES = 2_500  # pages per step: 10 MB, so that the progress moves
COMPANIONS = ("", "-wal", "-shm")  # suffixes of the files of a database in WAL mode


class SqliteFiles:
    """The database files of some services."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._snapshots: dict[str, sqlite3.Connection] = {}

    async def absent(self) -> Sequence[str]:
        """Return the files that are missing."""
        return [str(path) for path in self._files.values() if not path.exists()]

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Fix one moment for all files. Writers wait while the block lasts: milliseconds. Raises BackupFailed."""
        with _writers_held(list(self._files.values())):
            for name, path in self._files.items():
                snapshot = sqlite3.connect(path, isolation_level=None)
                self._snapshots[name] = snapshot
                snapshot.execute("BEGIN")
                snapshot.execute("SELECT 1 FROM sqlite_master").fetchall()  # a transaction gets its snapshot with its first query
            yield

    def snapshot(self, service: str) -> sqlite3.Connection:
        """Return a connection to a service's store as of that moment."""
        return self._snapshots[service]

    async def revision(self, service: str) -> str:
        """Return the revision of a service's tables at that moment. Raises BackupFailed."""
        try:
            return str(self._snapshots[service].execute("SELECT version_num FROM alembic_version").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise BackupFailed(f"{self._files[service]} is not a store of Aryz ({error})") from None

    async def copy(self, service: str, into: Path, advance: Advance) -> None:
        """Copy a service's store as of that moment."""
        copy_snapshot(self._snapshots[service], into, advance)

    async def close(self) -> None:
        for snapshot in self._snapshots.values():
            snapshot.close()
        self._snapshots.clear()


def copy_snapshot(snapshot: sqlite3.Connection, into: Path, advance: Advance) -> None:
    """Copy what an open transaction sees into a single file."""
    with closing(sqlite3.connect(into, isolation_level=None)) as copy:
        snapshot.backup(copy, pages=PAGES, progress=lambda _, remaining, total: advance(total - remaining, total))
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _writers_held(paths: Sequence[Path]) -> Iterator[None]:
    """Hold the write lock of every file."""
    for _ in range(ATTEMPTS):
        with ExitStack() as held:
            try:
                for path in paths:
                    writer = held.enter_context(closing(sqlite3.connect(path, timeout=ATTEMPT_SECONDS, isolation_level=None)))
                    writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue
            yield
            return
    raise BackupFailed("the stores are busy without a pause, or cannot be written to; try again at a quieter time")


class DataFolder:
    """A data folder to restore into. Everything is first staged in a sub-folder, whose existence stops a suite from starting."""

    def __init__(self, data: Path, stamp: str) -> None:
        self._data = data
        self._staged = data / UNFINISHED
        self._former = data / f"replaced-{stamp}"

    def occupied(self, names: Iterable[str]) -> Sequence[str]:
        """Return those of the names that exist already."""
        return [str(self._data / name) for name in names if (self._data / name).exists()]

    def begin(self) -> Path:
        """Return an empty staging folder. The remains of an interrupted restore are deleted."""
        shutil.rmtree(self._staged, ignore_errors=True)
        self._staged.mkdir(mode=0o700)
        sync_folder(self._data)
        return self._staged

    def put_in_place(self) -> Path | None:
        """Move the staged files into place, after moving existing ones to another folder. Returns that folder, None if there were none."""
        names = [path.name for path in self._staged.iterdir()]
        former = [path for name in names for each in COMPANIONS if (path := self._data / f"{name}{each}").exists()]
        if former:
            self._former.mkdir(mode=0o700)
        for path in former:
            path.rename(self._former / path.name)
        for name in names:
            (self._staged / name).rename(self._data / name)
        sync_folder(self._data)
        return self._former if former else None

    def end(self) -> None:
        """Delete the staging folder, which unlocks the data folder."""
        self._staged.rmdir()
        sync_folder(self._data)


def stage(part: Path, into: Path, advance: Advance) -> None:
    """Copy a part of a backup to its staging place, durably."""
    size = part.stat().st_size
    descriptor = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with part.open("rb") as source, os.fdopen(descriptor, "wb") as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)
            advance(file.tell(), size)
        file.flush()
        os.fsync(file.fileno())
