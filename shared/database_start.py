"""Whether the database of a service can be used, asked when a process starts."""

import asyncio
from typing import Protocol

from shared import migrations
from shared.database import Database
from shared.database_errors import is_transient, loses_statements, start_fault
from shared.postgres import TransactionPooling, check_sessions

START_SECONDS = 30.0  # a database restarted together with its services is there by then
START_POLL_SECONDS = 0.25


class HasPackage(Protocol):
    """A service, by the name of its package."""

    @property
    def package(self) -> str: ...


class DatabaseUnreachable(RuntimeError):
    """The database refused this process or did not answer for as long as a start may wait. The message says what to do."""


async def is_migrated(service: HasPackage, database: Database) -> bool:
    """Whether the database is at the newest revision; waits for one that is just coming up.

    Raises DatabaseUnreachable, and TransactionPooling behind a pooler that cannot be used.
    """
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        try:
            is_newest = await migrations.is_migrated(database, service.package)
            if is_newest and not database.is_sqlite:
                await check_sessions(database.engine)
        except Exception as error:
            if loses_statements(error):
                raise TransactionPooling from error
            if (fault := start_fault(error)) is not None:
                raise DatabaseUnreachable(fault) from error
            if not is_transient(error):
                raise
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseUnreachable(f"the database does not answer ({type(error).__name__}); see ARYZ_DATABASE_URL") from error
        else:
            return is_newest
        await asyncio.sleep(START_POLL_SECONDS)
