"""Queries about attempts to open a case: wrong PINs, and addresses that opened the case before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import Appeal, OpenedCase, Tracking, WrongAttempt
from intake.register.schemas.rows import WrongAttemptRow
from shared.database import among
from shared.rows import insert_new_rows, update_rows, upsert


@dataclass(frozen=True, slots=True)
class AppealAccess:
    """The columns that decide who may open an appeal; all None for a number that does not exist."""

    id: UUID | None = None
    pin: bytes | None = None
    owner: bytes | None = None
    region: str | None = None
    tier: int | None = None
    provider_id: UUID | None = None


async def access_to(session: AsyncSession, number: str) -> AppealAccess:
    """Return the columns that decide who may open an appeal.

    For a number that does not exist the row of another appeal is read and dropped, so that both take the same time.
    """
    columns: tuple[Any, ...] = (
        col(Appeal.id),
        col(Appeal.pin),
        col(Appeal.owner),
        col(Tracking.region),
        col(Tracking.tier),
        col(Tracking.provider_id),
    )
    wanted = select(col(Appeal.id)).where(col(Appeal.number) == number).scalar_subquery()
    other = select(col(Appeal.id)).order_by(col(Appeal.id)).limit(1).scalar_subquery()
    query = select(col(Appeal.number), *columns).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id))
    row = (await session.execute(query.where(col(Appeal.id) == func.coalesce(wanted, other)))).one_or_none()
    return AppealAccess(*row[1:]) if row is not None and row[0] == number else AppealAccess()


async def was_opened(session: AsyncSession, key: bytes, now: datetime) -> datetime | None:
    """Return until when the address counts as one that opened the appeal before; None: it does not."""
    query = select(col(OpenedCase.until)).where(col(OpenedCase.key) == key, col(OpenedCase.until) > now)
    return (await session.execute(query)).scalar_one_or_none()


async def remember_opened(session: AsyncSession, key: bytes, until: datetime) -> None:
    statement = upsert(session, OpenedCase)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"until": until}), [{"key": key, "until": until}])


async def wrong_attempts(session: AsyncSession, keys: Collection[bytes]) -> Mapping[bytes, WrongAttempt]:
    """Return the counts of wrong attempts by key."""
    found = await session.execute(select(WrongAttempt).where(among(session, WrongAttempt.key, keys)))
    return {row.key: row for row in found.scalars()}


async def lock_wrong_attempts(session: AsyncSession, keys: Collection[bytes], now: datetime) -> Mapping[bytes, WrongAttempt]:
    """Return the row of each key, created if missing, locked until the transaction ends. Locks in the order of keys avoid deadlocks."""
    rows: list[WrongAttemptRow] = [{"key": key, "count": 0, "last_at": now, "recent": []} for key in sorted(keys)]
    await insert_new_rows(session, WrongAttempt, rows, unique=("key",), returning="key")
    query = select(WrongAttempt).where(among(session, WrongAttempt.key, keys)).order_by(col(WrongAttempt.key)).with_for_update()
    found = {row.key: row for row in (await session.execute(query)).scalars()}
    # A row that expired and was deleted between the two statements counts as new.
    return {row["key"]: found.get(row["key"]) or WrongAttempt(**row) for row in rows}


async def update_wrong_attempts(session: AsyncSession, rows: Sequence[WrongAttemptRow]) -> None:
    await update_rows(session, WrongAttempt, rows, key=("key",))


async def delete_uncounted(session: AsyncSession, keys: Collection[bytes]) -> None:
    """Delete the rows under which nothing was counted."""
    await session.execute(delete(WrongAttempt).where(among(session, WrongAttempt.key, keys), col(WrongAttempt.count) == 0))


async def purge_attempts(session: AsyncSession, before: datetime, now: datetime) -> None:
    """Delete wrong attempts before a time, and addresses whose `until` has passed."""
    await session.execute(delete(WrongAttempt).where(col(WrongAttempt.last_at) < before))
    await session.execute(delete(OpenedCase).where(col(OpenedCase.until) <= now))
