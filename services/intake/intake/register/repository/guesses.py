"""Queries about attempts to open a case: wrong PINs, and addresses that opened the case before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import Appeal, OpenedCase, Tracking, WrongAttempt
from intake.register.schemas.rows import WrongAttemptRecord, WrongAttemptRow
from shared.fast.bulk import insert_new_rows, select_rows, update_rows
from shared.fast.queries import Query, given, value
from shared.rows import columns_of, table_of, upsert


@dataclass(frozen=True, slots=True)
class AppealAccess:
    """The columns that decide who may open an appeal; all None for a number that does not exist."""

    id: UUID | None = None
    pin: bytes | None = None
    owner: bytes | None = None
    region: str | None = None
    tier: int | None = None
    provider_id: UUID | None = None
    protection: str | None = None


def _access(number: str, *columns: Any) -> tuple[str, AppealAccess]:
    return number, AppealAccess(*columns)


_WANTED: Final = select(col(Appeal.id)).where(col(Appeal.number) == given("number")).scalar_subquery()
_OTHER: Final = select(col(Appeal.id)).order_by(col(Appeal.id)).limit(1).scalar_subquery()
_ACCESS: Final = Query(
    _access,
    select(
        col(Appeal.number),
        col(Appeal.id),
        col(Appeal.pin),
        col(Appeal.owner),
        col(Tracking.region),
        col(Tracking.tier),
        col(Tracking.provider_id),
        col(Tracking.protection),
    )
    .join(Tracking, col(Tracking.appeal_id) == col(Appeal.id))
    .where(col(Appeal.id) == func.coalesce(_WANTED, _OTHER)),
)
_OPENED: Final = Query(
    value, select(col(OpenedCase.until)).where(col(OpenedCase.key) == given("key"), col(OpenedCase.until) > given("now"))
)
_ATTEMPT: Final = columns_of(WrongAttempt, WrongAttemptRecord)
_ATTEMPTS: Final = table_of(WrongAttempt)
_UNCOUNTED: Final = delete(_ATTEMPTS).where(_ATTEMPTS.c.key.in_(bindparam("keys", expanding=True)), _ATTEMPTS.c.count == 0)


async def access_to(session: AsyncSession, number: str) -> AppealAccess:
    """Return the columns that decide who may open an appeal.

    For a number that does not exist the row of another appeal is read and dropped, so that both take the same time.
    """
    found = await _ACCESS.first(session, number=number)
    return found[1] if found is not None and found[0] == number else AppealAccess()


async def was_opened(session: AsyncSession, key: bytes, now: datetime) -> datetime | None:
    """Return until when the address counts as one that opened the appeal before; None: it does not."""
    return await _OPENED.first(session, key=key, now=now)


async def remember_opened(session: AsyncSession, key: bytes, until: datetime) -> None:
    statement = upsert(session, OpenedCase)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"until": until}), [{"key": key, "until": until}])


async def wrong_attempts(session: AsyncSession, keys: Collection[bytes]) -> Mapping[bytes, WrongAttemptRecord]:
    """Return the counts of wrong attempts by key."""
    return {row[0]: WrongAttemptRecord(*row) for row in await select_rows(session, _ATTEMPT, _ATTEMPTS.c.key, list(keys))}


async def lock_wrong_attempts(session: AsyncSession, keys: Collection[bytes], now: datetime) -> Mapping[bytes, WrongAttemptRecord]:
    """Return the row of each key, created if missing, locked until the transaction ends. Locks in the order of keys avoid deadlocks."""
    rows: list[WrongAttemptRow] = [{"key": key, "count": 0, "last_at": now, "recent": []} for key in sorted(keys)]
    await insert_new_rows(session, WrongAttempt, rows, unique=("key",), returning="key")
    locked = await select_rows(session, _ATTEMPT, _ATTEMPTS.c.key, list(keys), lock=True)
    found = {row[0]: WrongAttemptRecord(*row) for row in locked}
    # A row that expired and was deleted between the two statements counts as new.
    return {row["key"]: found.get(row["key"]) or WrongAttemptRecord(**row) for row in rows}


async def update_wrong_attempts(session: AsyncSession, rows: Sequence[WrongAttemptRow]) -> None:
    await update_rows(session, WrongAttempt, rows, key=("key",))


async def delete_uncounted(session: AsyncSession, keys: Collection[bytes]) -> None:
    """Delete the rows under which nothing was counted."""
    await session.execute(_UNCOUNTED, {"keys": list(keys)})


async def purge_attempts(session: AsyncSession, before: datetime, now: datetime) -> None:
    """Delete wrong attempts before a time, and addresses whose `until` has passed."""
    await session.execute(delete(WrongAttempt).where(col(WrongAttempt.last_at) < before))
    await session.execute(delete(OpenedCase).where(col(OpenedCase.until) <= now))
