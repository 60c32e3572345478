"""INSERT with ON CONFLICT for both engines."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bulk import Target


def upsert(session: AsyncSession, into: Target) -> Any:
    """Return an INSERT of the session's engine that has `on_conflict_do_nothing` and `on_conflict_do_update`.

    The statement is always Core: the ORM's bulk insert splits the rows of a batch by which columns are NULL, one statement each.
    """
    table = into if isinstance(into, Table) else into.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    return insert(table)
