"""Alembic, as every service uses it: its own folder of revisions, run by `migrate`, by the one-machine suite at start, and by tests.

A revision's id is its file's number (`0001_initial.py` is `0001`), so whether a database is up to date is known without Alembic,
whose import alone takes a fifth of the suite's start.
"""

import importlib
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import Database
from shared.messaging import tables

MIGRATING = 0x4152595A  # the advisory lock that processes which migrate one database at once take in turn
PATIENCE_MS = 60_000  # for another process's migration; DDL itself keeps the session's short lock time-out
MAINTENANCE = ("postgres", "template1")  # databases that a server has from its birth
NO_SUCH_DATABASE, MAY_NOT, EXISTS = "3D000", "42501", frozenset({"42P04", "23505"})  # SQLSTATEs; the last of a race is the catalogue's own


class NotMigrated(RuntimeError):
    """The database is not at the revision this code needs; `migrate` brings it there."""


class NoDatabase(NotMigrated):
    """The server has no database for the service and this role may not make one; says what an administrator does."""


def folder(package: str) -> Path:
    """A service's revisions: beside its package in the source tree, inside it when installed."""
    inside = Path(str(importlib.import_module(package).__file__)).parent
    return next(place for place in (inside.parent / "migrations", inside / "migrations") if place.is_dir())


def head(package: str) -> str:
    """The newest revision that this code brings."""
    return max(path.name.partition("_")[0] for path in (folder(package) / "versions").glob("[0-9]*_*.py"))


async def migrate(database: Database, package: str) -> None:
    """Bring the database to the newest revision; on a server without it, make it first. Several processes may do this at once.

    Raises NoDatabase.
    """
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder(package)).replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        if not database.is_sqlite:  # SQLite's BEGIN IMMEDIATE lets one in at a time already
            _wait_for_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    if not database.is_sqlite:
        await create_missing(database.engine.url)
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)


async def is_migrated(database: Database, package: str) -> bool:
    """Whether it is at the newest revision; a database that its server does not have yet is not."""
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(_revision) == head(package)
    except DBAPIError as error:
        if _sqlstate(error) != NO_SUCH_DATABASE:
            raise
        return False


def run_environment(service_metadata: MetaData) -> None:
    """What a service's `env.py` consists of."""
    from alembic import context  # noqa: PLC0415 - see above

    connection: Any = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=[service_metadata, tables.metadata], render_as_batch=True)
    context.run_migrations()


async def create_missing(url: URL) -> None:
    """Make the database that `url` names if its server has none of that name. Raises NoDatabase."""
    try:
        await _run(url, "SELECT 1")
    except DBAPIError as error:
        if _sqlstate(error) != NO_SUCH_DATABASE:
            raise
    else:
        return
    name = str(url.database)
    try:
        await _run(await _maintenance(url), f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    except DBAPIError as error:
        if _sqlstate(error) == MAY_NOT:
            sentence = f'the role {url.username} may not make the database {name}; let an administrator run CREATE DATABASE "{name}"'
            raise NoDatabase(f'{sentence} OWNER "{url.username}" and migrate again') from None
        if _sqlstate(error) not in EXISTS:
            raise


async def _maintenance(url: URL) -> URL:
    """A database of the same server to make others from."""
    first, second = (url.set(database=name) for name in MAINTENANCE)
    try:
        await _run(first, "SELECT 1")
    except DBAPIError:
        return second
    return first


async def _run(url: URL, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")  # CREATE DATABASE refuses a transaction
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None))


def _wait_for_turn(connection: Connection) -> None:
    connection.execute(text("SELECT set_config('lock_timeout', :ms, true)"), {"ms": str(PATIENCE_MS)})
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    connection.execute(text("RESET lock_timeout"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
