"""The queries of a table of files."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from shared.database import among
from shared.files.codes import AttachmentState
from shared.files.models import StoredFile
from shared.rows import table_of

FileT = TypeVar("FileT", bound=StoredFile)


class FileTable(Generic[FileT]):
    """The files of one service.

    `holder`: the column that says what has claimed a file, NULL for none. `secret`: a column that a dropped file loses.
    """

    def __init__(self, model: type[FileT], holder: str, *, secret: str | None = None) -> None:
        self.model = model
        self.table: Table = table_of(model)
        self._secret = secret
        self.is_unclaimed: ColumnElement[bool] = self.table.c[holder].is_(None)

    async def add(self, session: AsyncSession, file: FileT) -> None:
        """Insert a file."""
        session.add(file)
        await session.flush()

    async def by_id(self, session: AsyncSession, file_id: UUID, *, lock: bool = False) -> FileT | None:
        """Return a file, locked if `lock` is set; None if there is none."""
        query = select(self.model).where(col(self.model.id) == file_id)
        return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()

    async def by_ids(self, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, FileT]:
        """Return files by id, locked in the order of their ids."""
        query = select(self.model).where(among(session, self.model.id, ids)).order_by(col(self.model.id)).with_for_update()
        return {row.id: row for row in (await session.execute(query)).scalars()}

    # quotas

    async def lock_owner(self, session: AsyncSession, owner: bytes) -> None:
        """Lock the quota of an owner until the transaction ends. On SQLite nothing needs to be locked: there is one writer."""
        if session.get_bind().dialect.name != "sqlite":
            await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(owner[:8], signed=True))))

    async def unclaimed_of(self, session: AsyncSession, owner: bytes, *, most: int) -> tuple[int, int]:
        """Return the number of an owner's unclaimed files and their bytes.

        A file that is being received counts with its announced size, or with `most` bytes if it announced none.
        """
        is_receiving = col(self.model.state) == AttachmentState.RECEIVING
        expected = case((is_receiving, func.coalesce(col(self.model.length), most)), else_=col(self.model.size))
        query = select(func.count(), func.coalesce(func.sum(expected), 0)).select_from(self.table)
        row = (await session.execute(query.where(col(self.model.owner) == owner, self.is_unclaimed))).one()
        return int(row[0]), int(row[1])

    async def unclaimed_totals(self, session: AsyncSession) -> tuple[int, int]:
        """Return the number of all unclaimed files and their received bytes."""
        query = select(func.count(), func.coalesce(func.sum(col(self.model.size)), 0)).select_from(self.table)
        row = (await session.execute(query.where(self.is_unclaimed))).one()
        return int(row[0]), int(row[1])

    # scans

    async def due_scans(
        self, session: AsyncSession, states: Collection[AttachmentState], now: datetime, *, is_retry: bool, limit: int, lock: bool = False
    ) -> Sequence[FileT]:
        """Return files that are due for a scan; with `lock` those that no other process has locked."""
        query = select(self.model).where(among(session, self.model.state, states))
        if is_retry:
            query = query.where(col(self.model.scan_attempts) > 0, col(self.model.scan_after) <= now).order_by(col(self.model.scan_after))
        else:
            query = query.where(col(self.model.scan_attempts) == 0).order_by(col(self.model.id))
        query = query.limit(limit)
        return (await session.execute(query.with_for_update(skip_locked=True) if lock else query)).scalars().all()

    async def uncount_scan(self, session: AsyncSession, file_id: UUID) -> None:
        """Undo the counting of an attempt that failed through no fault of the file; the file is due again."""
        uncounted = update(self.model).where(col(self.model.id) == file_id, col(self.model.scan_attempts) > 0)
        await session.execute(uncounted.values(scan_attempts=col(self.model.scan_attempts) - 1, scan_after=col(self.model.created_at)))

    async def move(self, session: AsyncSession, file_id: UUID, *, was: Collection[AttachmentState], state: AttachmentState) -> bool:
        """Set the state of a file that is in one of the states `was`. Return whether it was."""
        moved = update(self.model).where(col(self.model.id) == file_id, among(session, self.model.state, was)).values(state=state)
        return (await session.execute(moved.returning(col(self.model.id)))).scalar_one_or_none() is not None

    async def give_up_scanning(self, session: AsyncSession) -> None:
        """Mark all files that wait for the scanner as unscanned."""
        waiting = update(self.model).where(col(self.model.state) == AttachmentState.SCANNING)
        await session.execute(waiting.values(state=AttachmentState.UNSCANNED))

    # deletion

    async def unclaimed_before(self, session: AsyncSession, before: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the ids of unclaimed files that were begun before a time."""
        query = select(col(self.model.id)).where(col(self.model.created_at) < before, self.is_unclaimed)
        return (await session.execute(query.limit(limit))).scalars().all()

    async def drop_unclaimed(self, session: AsyncSession, ids: Collection[UUID]) -> Sequence[UUID]:
        """Mark those of the files that are unclaimed as dropped. Return their ids."""
        ended: dict[str, Any] = {"state": AttachmentState.DROPPED, "owner": None}
        if self._secret is not None:
            ended[self._secret] = None
        unclaimed = update(self.model).where(among(session, self.model.id, ids), self.is_unclaimed)
        return (await session.execute(unclaimed.values(ended).returning(col(self.model.id)))).scalars().all()

    async def delete_dropped(self, session: AsyncSession, ids: Collection[UUID]) -> None:
        """Delete those of the files that are dropped."""
        is_dropped = col(self.model.state) == AttachmentState.DROPPED
        await session.execute(delete(self.model).where(among(session, self.model.id, ids), is_dropped))
