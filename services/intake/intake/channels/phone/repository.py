"""Questions about the telephone centre."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from intake.channels.phone.models import Call, CallBack, CallEvent, OralRecord
from intake.register.models import Appeal, Tracking
from shared.bulk import insert_new_rows, update_rows
from shared.database import among, table_of
from shared.domain.taxonomy import taxonomy

Rows = Sequence[dict[str, Any]]
_WORDS: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)


class CallersAppeal(NamedTuple):
    """An appeal of whoever calls, without its sealed content."""

    appeal: Appeal
    tracking: Tracking


class RecordedAppeal(NamedTuple):
    """An oral appeal and its record."""

    record: OralRecord
    appeal: Appeal


async def add_new_calls(session: AsyncSession, rows: Rows) -> None:
    """Those whose exchange's id is not known yet; in the order of these ids, as two may tell of the same calls at once."""
    await insert_new_rows(session, Call, sorted(rows, key=lambda row: row["external"]), unique=("external",), returning="id")


async def calls_by_external(session: AsyncSession, externals: Collection[bytes]) -> Mapping[bytes, dict[str, Any]]:
    """The calls' rows, locked until the transaction ends, by the keyed hash of the exchange's id."""
    table = table_of(Call)
    query = select(table).where(among(session, table.c.external, externals)).order_by(table.c.external).with_for_update()
    return {row.external: row._asdict() for row in await session.execute(query)}


async def add_call_events(session: AsyncSession, rows: Rows) -> int:
    """How many were new."""
    key = ("call_id", "type", "seq")
    return len(await insert_new_rows(session, CallEvent, rows, unique=key, returning=key))


async def call_events(session: AsyncSession, call_ids: Collection[UUID]) -> Sequence[CallEvent]:
    return (await session.execute(select(CallEvent).where(among(session, CallEvent.call_id, call_ids)))).scalars().all()


async def put_calls(session: AsyncSession, rows: Rows) -> None:
    await update_rows(session, Call, rows, key=("id",))


async def untold_calls(session: AsyncSession, ended_before: datetime, silent_since: datetime, limit: int) -> Sequence[dict[str, Any]]:
    """Calls to be told of: long enough over, or of which nothing more was heard; locked, the oldest first."""
    table = table_of(Call)
    over = or_(table.c.ended_at <= ended_before, table.c.heard_at <= silent_since)
    query = select(table).where(table.c.told_at.is_(None), over).order_by(table.c.heard_at, table.c.id).limit(limit)
    return [row._asdict() for row in await session.execute(query.with_for_update(skip_locked=True))]


async def call(session: AsyncSession, call_id: UUID, *, lock: bool = False) -> Call | None:
    query = select(Call).where(col(Call.id) == call_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def call_of_agent(session: AsyncSession, agent: str, ended_since: datetime) -> Call | None:
    """The operator's latest call that goes on, or else that ended lately; of the last day, not of all the operator ever had."""
    of_a_day = col(Call.offered_at) >= ended_since - timedelta(days=1)
    query = select(Call).where(col(Call.agent) == agent, of_a_day, or_(col(Call.ended_at).is_(None), col(Call.ended_at) >= ended_since))
    query = query.order_by(col(Call.ended_at).is_(None).desc(), col(Call.offered_at).desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def figures(session: AsyncSession, day: datetime, waiting: Collection[str]) -> tuple[int, datetime | None, int, int]:
    """Now waiting, since when the longest waits; answered and abandoned since `day` began."""
    now = select(func.count(), func.min(func.coalesce(col(Call.queued_at), col(Call.offered_at))))
    row = (await session.execute(now.where(col(Call.state).in_(sorted(waiting)), col(Call.direction) == "in"))).one()
    today = select(func.count()).select_from(Call).where(col(Call.offered_at) >= day, col(Call.direction) == "in")
    answered = (await session.execute(today.where(col(Call.answered_at).is_not(None)))).scalar_one()
    lost = (await session.execute(today.where(col(Call.outcome) == "ABANDONED"))).scalar_one()
    return row[0], row[1], answered, lost


async def add_call_backs(session: AsyncSession, rows: Rows) -> None:
    await insert_new_rows(session, CallBack, rows, unique=("call_id",), returning="id")


async def open_call_backs(session: AsyncSession, limit: int) -> tuple[Sequence[CallBack], int]:
    """The oldest first, and how many there are in all."""
    wanted = col(CallBack.state).in_(("OPEN", "TAKEN"))
    total = (await session.execute(select(func.count()).select_from(CallBack).where(wanted))).scalar_one()
    query = select(CallBack).where(wanted).order_by(col(CallBack.received_at), col(CallBack.id)).limit(limit)
    return (await session.execute(query)).scalars().all(), total


async def call_back_of(session: AsyncSession, operator: str) -> CallBack | None:
    """The entry that an operator took last and has in hand."""
    query = select(CallBack).where(col(CallBack.state) == "TAKEN", col(CallBack.taken_by) == operator)
    return (await session.execute(query.order_by(col(CallBack.changed_at).desc(), col(CallBack.id)).limit(1))).scalar_one_or_none()


async def call_back(session: AsyncSession, call_back_id: UUID) -> CallBack | None:
    """Locked."""
    return (await session.execute(select(CallBack).where(col(CallBack.id) == call_back_id).with_for_update())).scalar_one_or_none()


async def lay_aside_call_backs(session: AsyncSession, before: datetime) -> None:
    """Those who rang before then and were not reached since: the number goes."""
    waiting = update(CallBack).where(col(CallBack.state).in_(("OPEN", "TAKEN")), col(CallBack.received_at) < before)
    await session.execute(waiting.values(state="UNREACHED", number=None, taken_by=None))


async def forget_calls(session: AsyncSession, before: datetime) -> None:
    """Calls that were over before then, what was heard of them, and whom they made us call back."""
    over = select(col(Call.id)).where(col(Call.told_at) < before)
    for model in (CallEvent, CallBack):
        await session.execute(delete(model).where(col(model.call_id).in_(over)))
    await session.execute(delete(Call).where(col(Call.told_at) < before))


async def appeals_of_caller(session: AsyncSession, caller: bytes, limit: int) -> tuple[Sequence[CallersAppeal], int]:
    """Those not finished yet, the latest first, and how many of them there are; without anybody's words."""
    finished = [code for code, status in taxonomy().statuses.items() if status.final]
    theirs = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id))
    theirs = theirs.where(col(Appeal.phone_key) == caller, col(Tracking.status).not_in(finished))
    total = (await session.execute(theirs.with_only_columns(func.count()))).scalar_one()
    words = (defer(one, raiseload=True) for one in _WORDS)
    rows = await session.execute(theirs.order_by(col(Appeal.received_at).desc(), col(Appeal.id)).limit(limit).options(*words))
    return [CallersAppeal(row[0], row[1]) for row in rows], total


async def region_of_caller(session: AsyncSession, caller: bytes) -> str | None:
    """The region of the caller's latest appeal; None where there is none."""
    latest = select(col(Appeal.region)).where(col(Appeal.phone_key) == caller).order_by(col(Appeal.received_at).desc()).limit(1)
    return (await session.execute(latest)).scalars().first()


async def add_oral_record(session: AsyncSession, row: dict[str, Any]) -> None:
    """Once an appeal: sent again, the first one stands."""
    await insert_new_rows(session, OralRecord, [row], unique=("appeal_id",), returning="appeal_id")


async def oral_record(session: AsyncSession, appeal_id: UUID) -> RecordedAppeal | None:
    query = (
        select(OralRecord, Appeal).join(Appeal, col(Appeal.id) == col(OralRecord.appeal_id)).where(col(OralRecord.appeal_id) == appeal_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else RecordedAppeal(row[0], row[1])


async def verify_caller(session: AsyncSession, call_id: UUID, checks: list[str]) -> None:
    await session.execute(update(Call).where(col(Call.id) == call_id).values(verified_by=checks))
