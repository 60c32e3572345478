"""Alembic migrations of a service, run by `migrate`, by the one-machine suite at start, and by tests.

The id of a revision is the number of its file (`0001_initial.py` is `0001`). So the current revision is compared without
importing Alembic, which alone takes a fifth of the suite's start.
"""

import importlib
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from shared.database import Database
from shared.database_errors import is_missing_database
from shared.messaging import tables
from shared.postgres import open_engine

MIGRATING = 0x4152595A  # the advisory lock that lets one process at a time migrate a database
PATIENCE_MS = (
    60_000  # wait for another process's migration, and between two statements of one; DDL itself uses the session's short lock time-out
)
MAINTENANCE = ("postgres", "template1")  # databases that every PostgreSQL server has
MAY_NOT, EXISTS = "42501", frozenset({"42P04", "23505"})  # SQLSTATEs; 23505 is raised by the catalogue in a race


class NotMigrated(RuntimeError):
    """The database is not at the revision that this code needs. Run `migrate`."""


class NoDatabase(NotMigrated):
    """The server has no database for the service and this role may not create one. The message says what an administrator has to do."""


def folder(package: str) -> Path:
    """Return the folder of a service's revisions: next to its package in the source tree, inside it when installed."""
    inside = Path(str(importlib.import_module(package).__file__)).parent
    return next(place for place in (inside.parent / "migrations", inside / "migrations") if place.is_dir())


def head(package: str) -> str:
    """Return the newest revision in this code."""
    return max(path.name.partition("_")[0] for path in (folder(package) / "versions").glob("[0-9]*_*.py"))


async def migrate(database: Database, package: str) -> None:
    """Migrate the database to the newest revision, creating it first if it is missing. Several processes may do this at once.

    Raises NoDatabase.
    """
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder(package)).replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        if not database.is_sqlite:  # on SQLite BEGIN IMMEDIATE already admits one process at a time
            _wait_for_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    if not database.is_sqlite:
        await create_missing(database.engine.url)
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)


async def is_migrated(database: Database, package: str) -> bool:
    """Return whether the database is at the newest revision. A missing database is not."""
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(_revision) == head(package)
    except DBAPIError as error:
        if not is_missing_database(error):
            raise
        return False


def run_environment(service_metadata: MetaData) -> None:
    """Run Alembic for a service. This is the whole content of its `env.py`."""
    from alembic import context  # noqa: PLC0415 - see above

    connection: Any = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=[service_metadata, tables.metadata], render_as_batch=True)
    context.run_migrations()


async def create_missing(url: URL) -> None:
    """Create the database of `url` if its server has none of that name. Raises NoDatabase."""
    try:
        await _run(url, "SELECT 1")
    except DBAPIError as error:
        if not is_missing_database(error):
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
    """Return a database of the same server from which others can be created."""
    first, second = (url.set(database=name) for name in MAINTENANCE)
    try:
        await _run(first, "SELECT 1")
    except DBAPIError:
        return second
    return first


async def _run(url: URL, statement: str) -> None:
    engine = open_engine(url, isolation_level="AUTOCOMMIT")  # CREATE DATABASE cannot run in a transaction
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None))


def _wait_for_turn(connection: Connection) -> None:
    limit = connection.scalar(text("SELECT current_setting('lock_timeout')"))
    limiting = text("SELECT set_config('lock_timeout', :limit, true)")
    connection.execute(limiting, {"limit": f"{PATIENCE_MS}ms"})
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    connection.execute(limiting, {"limit": limit})
    # A job with a small share of a processor may pause between two statements for longer than a request may.
    connection.execute(text("SELECT set_config('idle_in_transaction_session_timeout', :limit, true)"), {"limit": f"{PATIENCE_MS}ms"})


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
