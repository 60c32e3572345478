"""The queries of the desk's own tables. Each is limited to one person, or to one case that the person sees."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.desk.models import SEARCH_LIFETIME, CasePresence, CaseVisit, DeskSearch, SavedView
from routing.desk.schemas import PresenceRow, SavedViewRecord, StoredSearch
from shared.database import among
from shared.rows import columns_of, upsert


async def saved_views(session: AsyncSession, subject: str) -> Sequence[SavedViewRecord]:
    """Return the views of a person in the order of their slots."""
    query = select(*columns_of(SavedView, SavedViewRecord)).where(col(SavedView.subject) == subject).order_by(col(SavedView.slot))
    return [SavedViewRecord(*row) for row in await session.execute(query)]


async def seen_versions(session: AsyncSession, subject: str, appeal_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the versions of these cases that a person last opened; cases never opened are left out."""
    query = select(col(CaseVisit.appeal_id), col(CaseVisit.version)).where(col(CaseVisit.subject) == subject)
    rows = await session.execute(query.where(among(session, CaseVisit.appeal_id, appeal_ids)))
    return {row[0]: row[1] for row in rows}


async def record_visit(session: AsyncSession, subject: str, appeal_id: UUID, version: int) -> None:
    """Store that a person opened this version of a case."""
    statement = upsert(session, CaseVisit).values(subject=subject, appeal_id=appeal_id, version=version)
    await session.execute(statement.on_conflict_do_update(index_elements=["subject", "appeal_id"], set_={"version": version}))


async def record_presence(session: AsyncSession, row: PresenceRow) -> None:
    """Store that a person has a case open, replacing an earlier row."""
    statement = upsert(session, CasePresence).values(**asdict(row))
    renewed = {"writing": row.writing, "at": row.at}
    await session.execute(statement.on_conflict_do_update(index_elements=["appeal_id", "subject"], set_=renewed))


async def present(session: AsyncSession, appeal_id: UUID, but: str, since: datetime, limit: int) -> Sequence[PresenceRow]:
    """Return who has the case open, renewed since that time and without one person; those who write first."""
    is_here = (col(CasePresence.appeal_id) == appeal_id, col(CasePresence.subject) != but, col(CasePresence.at) > since)
    query = select(*columns_of(CasePresence, PresenceRow)).where(*is_here)
    found = await session.execute(query.order_by(col(CasePresence.writing).desc(), col(CasePresence.subject)).limit(limit))
    return [PresenceRow(*row) for row in found]


async def purge_presence(session: AsyncSession, until: datetime) -> None:
    """Delete the rows that were not renewed since that time."""
    await session.execute(delete(CasePresence).where(col(CasePresence.at) <= until))


async def replace_searches(session: AsyncSession, search: StoredSearch) -> None:
    """Insert what a search found, and delete every search that is older than SEARCH_LIFETIME."""
    await session.execute(delete(DeskSearch).where(col(DeskSearch.at) < search.at - SEARCH_LIFETIME))
    await session.execute(insert(DeskSearch), [asdict(search)])


async def stored_search(session: AsyncSession, subject: str, search_id: UUID, now: datetime) -> StoredSearch | None:
    """Return a person's search that is not older than SEARCH_LIFETIME."""
    query = select(*columns_of(DeskSearch, StoredSearch)).where(col(DeskSearch.id) == search_id, col(DeskSearch.subject) == subject)
    row = (await session.execute(query.where(col(DeskSearch.at) >= now - SEARCH_LIFETIME))).one_or_none()
    return StoredSearch(*row) if row is not None else None


async def add_saved_view(session: AsyncSession, view: SavedViewRecord) -> bool:
    """Insert a view. Return False if its slot was taken meanwhile."""
    statement = upsert(session, SavedView).values(**asdict(view)).on_conflict_do_nothing().returning(col(SavedView.id))
    return (await session.execute(statement)).first() is not None


async def rename_saved_view(session: AsyncSession, subject: str, view_id: UUID, name: bytes) -> bool:
    """Replace the sealed name of a person's view. Return whether the person has the view."""
    statement = update(SavedView).where(col(SavedView.id) == view_id, col(SavedView.subject) == subject).values(name=name)
    return (await session.execute(statement.returning(col(SavedView.id)))).first() is not None


async def delete_saved_view(session: AsyncSession, subject: str, view_id: UUID) -> bool:
    """Delete a person's view. Return whether the person had it."""
    statement = delete(SavedView).where(col(SavedView.id) == view_id, col(SavedView.subject) == subject)
    return (await session.execute(statement.returning(col(SavedView.id)))).first() is not None
