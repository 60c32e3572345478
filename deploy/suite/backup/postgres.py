"""Backup of the stores on a PostgreSQL server, one database per service: dumps as of one moment, restored under temporary names."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import NullPool

from shared import migrations
from shared.database_errors import is_missing_database
from shared.postgres import TLS_PARAMETERS, open_engine
from suite.backup.manifest import Advance, BackupFailed, RestoreRefused

LOCK_TIMEOUT_MS = 3_000  # waits for open transactions; a session that waits behind this lock gives up after 5 s
LOCKED = "55P03"
STAGING_SUFFIX = "_restoring"  # suffix of a database's name until the restore is complete
ENVIRONMENT = {"ssl": "PGSSLMODE", "host": "PGHOST", "port": "PGPORT"} | {
    name: f"PG{name.upper()}" for name in TLS_PARAMETERS
}  # of pg_dump
POLL_SECONDS = 0.2
LOOKS_FOR_SESSIONS = 25  # five seconds
DUMP = ("--format=custom", "--no-owner", "--no-privileges")
RESTORE = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")


class PostgresDatabases:
    """The databases of the services, by service, as URLs."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {service: make_url(url) for service, url in urls.items()}
        self._snapshots: dict[str, tuple[AsyncConnection, str]] = {}
        self._open = AsyncExitStack()

    async def absent(self) -> Sequence[str]:
        """Return the databases that are missing or not migrated."""
        return [str(url.database) for url in self._urls.values() if not await _has_tables(url)]

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Fix one moment for all databases: while the block lasts, no transaction that publishes events can begin or end.

        Raises BackupFailed.
        """
        async with AsyncExitStack() as held:
            try:
                for url in self._urls.values():
                    writer = await held.enter_async_context(_engine(url).connect())
                    await writer.execute(text("LOCK TABLE outbox IN SHARE MODE"))  # readers are not blocked
            except DBAPIError as error:
                if _sqlstate(error) != LOCKED:
                    raise
                raise BackupFailed("a transaction has kept its locks for too long; try again at a quieter time") from None
            for service, url in self._urls.items():
                snapshot = await self._open.enter_async_context(_engine(url, snapshot=True).connect())
                self._snapshots[service] = (snapshot, str(await snapshot.scalar(text("SELECT pg_export_snapshot()"))))
            yield

    async def revision(self, service: str) -> str:
        """Return the revision of a service's tables at that moment."""
        return str(await self._snapshots[service][0].scalar(text("SELECT version_num FROM alembic_version")))

    async def copy(self, service: str, into: Path, advance: Advance) -> None:
        """Dump a service's database as of that moment. Raises BackupFailed."""
        url = self._urls[service]
        watch = asyncio.create_task(_watch(into, advance))
        try:
            error = await _run(url, "pg_dump", *DUMP, f"--snapshot={self._snapshots[service][1]}", f"--file={into}")
        finally:
            watch.cancel()
        if error is not None:
            raise BackupFailed(f"pg_dump of {url.database} failed: {error}")
        advance(1, 1)

    async def check_tool(self) -> None:
        """Raise BackupFailed unless `pg_dump` is installed and can read this server."""
        if problem := await _tool_problem(next(iter(self._urls.values())), "pg_dump"):
            raise BackupFailed(problem)

    async def close(self) -> None:
        await self._open.aclose()
        self._snapshots.clear()


class PostgresRestore:
    """Restores databases under temporary names and renames them when all are complete."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {service: make_url(url) for service, url in urls.items()}

    async def check(self) -> None:
        """Raise RestoreRefused unless `pg_restore` is installed and fits this server, and no session uses the databases."""
        first = next(iter(self._urls.values()))
        if problem := await _tool_problem(first, "pg_restore"):
            raise RestoreRefused(problem)
        # As PostgreSQL itself does before it renames a database: the server's own workers leave by themselves, and the sessions of a
        # service that has just ended may take a moment.
        busy: list[str] = []
        for _ in range(LOOKS_FOR_SESSIONS):
            busy = await self._databases_in_use(first)
            if not busy:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise RestoreRefused(f"somebody is connected to {', '.join(busy)}; stop every service first, and PgBouncer in front of the server")

    async def _databases_in_use(self, first: URL) -> list[str]:
        query = text("SELECT DISTINCT datname FROM pg_stat_activity WHERE datname = ANY(:names) AND backend_type = 'client backend'")
        names = [str(url.database) for url in self._urls.values()]
        async with _maintenance(first) as server:
            return sorted((await server.scalars(query, {"names": names})).all())

    async def occupied(self) -> Sequence[str]:
        """Return the databases that already contain tables."""
        return [f"database {url.database}" for url in self._urls.values() if await _has_tables(url)]

    async def load(self, service: str, part: Path) -> None:
        """Restore one dump under a temporary name. Raises RestoreRefused."""
        url = make_url(self.staging_url(service))
        await self._server(f'DROP DATABASE IF EXISTS "{url.database}"')  # the remains of an interrupted restore
        try:
            await migrations.create_missing(url)
        except migrations.NoDatabase as refusal:
            raise RestoreRefused(f"{refusal}; a restore needs a role with CREATEDB") from None
        if error := await _run(url, "pg_restore", *RESTORE, f"--dbname={url.database}", str(part)):
            raise RestoreRefused(f"pg_restore of {part.name} failed: {error}")

    def staging_url(self, service: str) -> str:
        """Return the URL of a service's database until the restore is complete."""
        url = self._urls[service]
        return url.set(database=f"{url.database}{STAGING_SUFFIX}").render_as_string(hide_password=False)

    async def put_in_place(self) -> None:
        """Rename the restored databases to their final names. The former databases are dropped."""
        for url in self._urls.values():
            await self._server(f'DROP DATABASE IF EXISTS "{url.database}"')
            await self._server(f'ALTER DATABASE "{url.database}{STAGING_SUFFIX}" RENAME TO "{url.database}"')

    async def _server(self, statement: str) -> None:
        try:
            async with _maintenance(next(iter(self._urls.values()))) as server:
                await server.execute(text(statement))
        except DBAPIError as error:
            raise RestoreRefused(
                f"the server refuses {statement} (SQLSTATE {_sqlstate(error)}); the restore is not whole: mend it, restore again"
            ) from None


def _engine(url: URL, *, snapshot: bool = False) -> AsyncEngine:
    settings = {"lock_timeout": str(LOCK_TIMEOUT_MS), "idle_in_transaction_session_timeout": "0"}  # a dump takes long
    engine = open_engine(url, settings=settings, poolclass=NullPool)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) if snapshot else engine


@asynccontextmanager
async def _maintenance(url: URL) -> AsyncIterator[AsyncConnection]:
    """Yield a connection outside the services' databases, which creating and dropping a database requires."""
    engine = open_engine(url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection


async def _has_tables(url: URL) -> bool:
    try:
        async with _engine(url).connect() as connection:
            return bool(await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")))
    except DBAPIError as error:
        if is_missing_database(error):
            return False
        raise


async def _tool_problem(url: URL, tool: str) -> str | None:
    """Return why `tool` cannot be used with this server, None if it can."""
    if shutil.which(tool) is None:
        return f"{tool} is not installed (Debian: apt-get install postgresql-client)"
    process = await asyncio.create_subprocess_exec(tool, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    found = re.search(rb"(\d+)", output)
    version = int(found[1]) if found else 0
    async with _maintenance(url) as server:
        needed = int(await server.scalar(text("SHOW server_version_num")) or 0) // 10_000
    if version < needed:
        return f"{tool} is of version {version}, the server of version {needed}; install postgresql-client-{needed}"
    return None


async def _run(url: URL, tool: str, *arguments: str) -> str | None:
    """Run one of PostgreSQL's programs. It receives address and password in the environment, which other users cannot read.

    Returns the first line of its errors, which names objects and never rows, or None.
    """
    variables: dict[str, object] = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    variables |= {ENVIRONMENT[name]: value for name, value in url.query.items() if name in ENVIRONMENT}
    environment = {**os.environ, "LC_ALL": "C", **{name: str(value) for name, value in variables.items() if value is not None}}
    process = await asyncio.create_subprocess_exec(
        tool,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode == 0:
        return None
    return errors.decode(errors="replace").partition("\n")[0]


async def _watch(path: Path, advance: Advance) -> None:
    while True:
        await asyncio.sleep(POLL_SECONDS)
        if path.exists():  # noqa: ASYNC240 - a look at a local file
            advance(path.stat().st_size, None)  # noqa: ASYNC240 - and another


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None))
