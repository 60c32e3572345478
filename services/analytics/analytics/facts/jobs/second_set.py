"""The second set of tables while a rebuild fills it."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from analytics.facts.repository import sets
from shared import migrations
from shared.clock import Clock
from shared.database import Database
from shared.ids import Ids
from shared.messaging import inbox
from shared.messaging.log import EventLog
from shared.service import RebuildRefused

GROUP: Final = "analytics-rebuild"
"""The name of the consumer group that reads the log for the second set."""
_LOCK_KEY: Final = 0x41525242
_SETTINGS: Final = {"search_path": sets.SECOND, "synchronous_commit": "off", "work_mem": "64MB", "maintenance_work_mem": "256MB"}


class SecondSet:
    """The second set, and what it knows of the live one."""

    def __init__(self, live: Database, package: str, *, clock: Clock, ids: Ids) -> None:
        self._live = live
        self._package = package
        self._clock, self._ids = clock, ids
        self.database = self._open()

    @property
    def file(self) -> Path:
        """Return the file of the second set on SQLite."""
        live = Path(str(self._live.engine.url.database))
        return live.with_name(f"{live.stem}.{sets.SECOND}.db")

    @property
    def live_set(self) -> sets.LiveSet:
        """Return the live set of the engine."""
        if self._live.is_sqlite:
            return sets.SqliteLiveSet(Path(str(self._live.engine.url.database)), self.file)
        return sets.PostgresLiveSet(self._live.engine)

    def _open(self) -> Database:
        url = self._live.engine.url
        if self._live.is_sqlite:
            url = url.set(database=str(self.file))
        address = url.render_as_string(hide_password=False)
        return Database(address, service=GROUP, clock=self._clock, ids=self._ids, session_settings=_SETTINGS)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep other rebuilds of the same set away. Raises RebuildRefused if there is one."""
        if self._live.is_sqlite:
            with self.file.with_suffix(".lock").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise RebuildRefused("another rebuild is running") from None
                yield
            return
        async with self._live.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if not (await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY})).scalar_one():
                raise RebuildRefused("another rebuild is running")
            try:
                yield
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK_KEY})

    async def prepare(self, log: EventLog) -> bool:
        """Create the tables, or find those of a rebuild that was interrupted. Return whether there were some.

        Tables of another version of the product or of another log are dropped.
        """
        if await self._is_usable(log):
            return True
        await self.drop()
        self.database = self._open()
        if not self._live.is_sqlite:
            await self._execute(f"CREATE SCHEMA {sets.SECOND}")
        await migrations.migrate(self.database, self._package)
        async with self.database.engine.begin() as connection:
            await connection.run_sync(_drop_indexes)
        return False

    async def _is_usable(self, log: EventLog) -> bool:
        if self._live.is_sqlite and not self.file.exists():
            return False
        if not await migrations.is_migrated(self.database, self._package):
            return False
        async with self.database.read() as session:
            stored = {row.topic: row.topic_id for row in await inbox.stored_offsets(session)}
        return all([await log.topic_id(topic) == topic_id for topic, topic_id in stored.items()])

    async def positions(self) -> Mapping[tuple[str, int], int]:
        """Return the stored positions in the log."""
        async with self.database.read() as session:
            return {(row.topic, row.partition): row.next_offset for row in await inbox.stored_offsets(session)}

    async def complete(self) -> None:
        """Create the indexes that were left out while the tables were filled, and let the planner know the tables."""
        for table in sets.LOADED:
            for index in sorted(table.indexes, key=lambda each: str(each.name)):
                async with self.database.engine.begin() as connection:
                    await connection.run_sync(index.create, checkfirst=True)
        if not self._live.is_sqlite:
            async with self.database.engine.begin() as connection:
                for table in sets.SWITCHED:
                    await connection.execute(text(f"ANALYZE {table.name}"))

    async def differences(self) -> list[sets.TableDifference]:
        """Compare the sets."""
        if self._live.is_sqlite:
            return await asyncio.to_thread(sets.sqlite_differences, Path(str(self._live.engine.url.database)), self.file)
        return await sets.postgres_differences(self._live.engine)

    async def drop(self) -> None:
        """Delete the second set, and the live one that it has replaced."""
        await self.database.close()
        if self._live.is_sqlite:
            for suffix in ("", "-wal", "-shm"):
                self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
            return
        for schema in (sets.SECOND, sets.RETIRED):
            await self._execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    async def _execute(self, statement: str) -> None:
        async with self._live.engine.begin() as connection:
            await connection.execute(text(statement))


def _drop_indexes(connection: Connection) -> None:
    for table in sets.LOADED:
        for index in table.indexes:
            index.drop(connection, checkfirst=True)
