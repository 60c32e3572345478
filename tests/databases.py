"""Database engines of tests: SQLite files, and PostgreSQL as `tests/conftest.py` starts it.

Every test whose fixtures lead to `engine` runs once on each, as `[sqlite]` and `[postgres]`. Tests of pages, which SQL does not
affect, use SQLite only, and so does a test that is parametrised with `engine` itself.

With CI set, which has to end in half an hour, only tests about SQL run on both. Each of the others runs on one of the two, which its name
decides: half of the tests of any file on each.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import MetaData, text

from shared import migrations, postgres
from shared.database import Database, service_url

NAMES = ("sqlite", "postgres")
PREFIX = "test"
PATIENCE_MS = 60_000  # a build machine may pause for seconds; tests of session time-outs set their own
ABOUT_SQL = (
    *("test_repository", "test_migrations", "test_plans", "test_indexes", "test_rollups", "test_bulk", "test_worker", "test_model"),
    *("test_assignment", "test_fair_assignment"),
)
KEPT = {"alembic_version", "register_counter"}  # tables that a migration itself fills

_migrated_files: dict[str, bytes] = {}
_migrated_databases: set[str] = set()


class Engine:
    """One engine for one test. Migrating takes longer than most tests, so it is done once per run and then copied or emptied."""

    def __init__(self, server: str | None) -> None:
        self.server = server
        self._ready: set[str] = set()

    @property
    def is_sqlite(self) -> bool:
        return self.server is None

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of the engine for a service's `Settings`."""
        return {} if self.server is None else {"database_url": self.server, "prefix": PREFIX}

    def url(self, folder: Path, service: str) -> str:
        return service_url(self.server, folder, service, PREFIX if self.server else "")

    async def migrate(self, database: Database, package: str) -> None:
        """Create the service's tables: empty for the first caller of a test, unchanged for the next."""
        place = str(database.engine.url)
        if place in self._ready:
            return
        self._ready.add(place)
        if self.is_sqlite:
            file = Path(str(database.engine.url.database))
            if package not in _migrated_files:
                await migrations.migrate(database, package)
                await database.close()  # the last connection writes the WAL into the file
            _keep_or_copy(file, package)
            return
        if place not in _migrated_databases:
            await self.create(database)  # without tables created by other tests
            await migrations.migrate(database, package)
            _migrated_databases.add(place)
        await _empty(database)

    async def create(self, database: Database, *metadata: MetaData) -> None:
        """Create tables without migrations, replacing existing ones."""
        if not self.is_sqlite:
            await migrations.create_missing(database.engine.url)
            _migrated_databases.discard(str(database.engine.url))
        async with database.engine.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(text("DROP SCHEMA public CASCADE"))
                await connection.execute(text("CREATE SCHEMA public"))
            for one in metadata:
                await connection.run_sync(one.create_all)

    async def stored(self, database: Database) -> bytes:
        """Return the content of the whole database, for searching plain text."""
        if self.is_sqlite:
            file = Path(str(database.engine.url.database))
            return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
        async with database.engine.connect() as connection:
            rows = [row for name in await _names(connection, "table") for row in await connection.execute(text(f'SELECT * FROM "{name}"'))]
        return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row)


def _keep_or_copy(file: Path, package: str) -> None:
    if package in _migrated_files:
        file.write_bytes(_migrated_files[package])
    else:
        _migrated_files[package] = file.read_bytes()


async def _names(connection: Any, kind: str) -> Iterable[str]:
    found = await connection.execute(text(f"SELECT {kind}name FROM pg_{kind}s WHERE schemaname = 'public'"))
    return found.scalars().all()


async def _empty(database: Database) -> None:
    """Delete all rows. TRUNCATE would create new files for every table."""
    async with database.engine.begin() as connection:
        emptied = [f'DELETE FROM "{name}"' for name in await _names(connection, "table") if name not in KEPT]
        again = [f'ALTER SEQUENCE "{name}" RESTART' for name in await _names(connection, "sequence")]
        at_once = await connection.get_raw_connection()
        await at_once.driver_connection.execute(";".join(["SET LOCAL session_replication_role = replica", *emptied, *again]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("engine", _engines_of(metafunc), indirect=True)


def _engines_of(metafunc: pytest.Metafunc) -> Sequence[str]:
    name = metafunc.module.__name__
    if "browser" in metafunc.fixturenames or name.endswith(("test_pages", "web.test_filing")):
        return NAMES[:1]
    if os.environ.get("CI") != "true" or name.startswith("tests.shared") or name.endswith(ABOUT_SQL):
        return NAMES
    return [NAMES[crc32(metafunc.definition.nodeid.encode()) % 2]]


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(postgres, "IDLE_TIMEOUT_MS", PATIENCE_MS)
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_MS", PATIENCE_MS)
    return Engine(None if request.param == "sqlite" else request.getfixturevalue("postgres").url)
