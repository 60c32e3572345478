"""Removal of an appeal from a service's database, after the import that brought it was undone."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Column, MetaData, Uuid, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

APPEAL: str = "appeal_id"


async def remove_appeals(
    session: AsyncSession,
    metadata: MetaData,
    ids: Sequence[UUID],
    *,
    through: Mapping[str, Column[UUID]] | None = None,
    audit_log: Collection[str] = ("content_read",),
) -> None:
    """Delete the rows of these appeals in every table that has a column `appeal_id`. The caller has locked the appeals.

    `through`: the columns that lead to further tables, by the name that they have there: the rows of an inquiry belong to its appeal.
    The audit log stays: that somebody read something remains true.
    """
    if not ids:
        return
    await asyncio.sleep(0)  # on SQLite a statement does not wait: a removal of many appeals is done in steps
    tables = [table for table in reversed(metadata.sorted_tables) if table.name not in audit_log]
    for name, column in (through or {}).items():
        found = select(column).where(column.table.c[APPEAL].in_(ids))
        for table in tables:
            if name in table.c and APPEAL not in table.c:
                await session.execute(delete(table).where(table.c[name].in_(found)))
    for table in tables:
        if APPEAL in table.c and isinstance(table.c[APPEAL].type, Uuid):
            await session.execute(delete(table).where(table.c[APPEAL].in_(ids)))
