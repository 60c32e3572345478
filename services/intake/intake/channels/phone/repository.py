"""The queries of the phone channel."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.channels.phone.codes import CallBackState, CallDirection, CallOutcome, CallState
from intake.channels.phone.models import Call, CallBack, CallEvent, HeldConsultation, Incident, OralRecord
from intake.channels.phone.schemas.rows import CallBackRow, CallEventRow, CallRow, OralRecordRow
from intake.register.models import Appeal, Tracking, without_content
from shared.database import among
from shared.domain.taxonomy import taxonomy
from shared.rows import insert_new_rows, table_of, update_rows

ONGOING: Final = (CallBackState.OPEN, CallBackState.CLAIMED)


class CallersAppeal(NamedTuple):
    """An appeal of a caller, without its sealed content."""

    appeal: Appeal
    tracking: Tracking


class RecordedAppeal(NamedTuple):
    """An oral appeal and its record."""

    record: OralRecord
    appeal: Appeal


class CallFigures(NamedTuple):
    """Callers who wait now, since when the longest waits, and the calls answered and abandoned since the day began."""

    waiting: int
    waiting_since: datetime | None
    answered: int
    abandoned: int


async def add_new_calls(session: AsyncSession, rows: Sequence[CallRow]) -> None:
    """Insert the calls whose external id is new. Sorted by that id, so that two requests with the same calls do not deadlock."""
    await insert_new_rows(session, Call, sorted(rows, key=lambda row: row["external"]), unique=("external",), returning="id")


async def calls_by_external(session: AsyncSession, externals: Collection[bytes]) -> Mapping[bytes, CallRow]:
    """Lock these calls and return their rows by the keyed hash of the exchange's id."""
    table = table_of(Call)
    query = select(table).where(among(session, table.c.external, externals)).order_by(table.c.external).with_for_update()
    return {row.external: cast("CallRow", row._asdict()) for row in await session.execute(query)}


async def add_call_events(session: AsyncSession, rows: Sequence[CallEventRow]) -> int:
    """Insert the events that are new and return their number."""
    key = ("call_id", "type", "seq")
    return len(await insert_new_rows(session, CallEvent, rows, unique=key, returning=key))


async def call_events(session: AsyncSession, call_ids: Collection[UUID]) -> Sequence[CallEvent]:
    """Return all events of these calls, in no order."""
    return (await session.execute(select(CallEvent).where(among(session, CallEvent.call_id, call_ids)))).scalars().all()


async def update_calls(session: AsyncSession, rows: Sequence[CallRow]) -> None:
    """Update locked calls by `id`."""
    await update_rows(session, Call, rows, key=("id",))


async def unpublished_calls(session: AsyncSession, ended_before: datetime, silent_since: datetime, limit: int) -> Sequence[CallRow]:
    """Lock and return calls to be published: ended before a time, or without an event since another; the longest silent first."""
    table = table_of(Call)
    over = or_(table.c.ended_at <= ended_before, table.c.received_at <= silent_since)
    query = select(table).where(table.c.published_at.is_(None), over).order_by(table.c.received_at, table.c.id).limit(limit)
    return [cast("CallRow", row._asdict()) for row in await session.execute(query.with_for_update(skip_locked=True))]


async def call(session: AsyncSession, call_id: UUID, *, lock: bool = False) -> Call | None:
    """Return a call by its id."""
    query = select(Call).where(col(Call.id) == call_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def call_of_agent(session: AsyncSession, agent: str, ended_since: datetime) -> Call | None:
    """Return the operator's latest ongoing call, or else the latest that ended since a time.

    Only calls of the last day are searched, not all that the operator ever had.
    """
    of_a_day = col(Call.offered_at) >= ended_since - timedelta(days=1)
    query = select(Call).where(col(Call.agent) == agent, of_a_day, or_(col(Call.ended_at).is_(None), col(Call.ended_at) >= ended_since))
    query = query.order_by(col(Call.ended_at).is_(None).desc(), col(Call.offered_at).desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def call_figures(session: AsyncSession, day: datetime, waiting: Collection[CallState]) -> CallFigures:
    """Count incoming calls: those in the states `waiting` now, and those answered and abandoned since `day`."""
    is_incoming = col(Call.direction) == CallDirection.IN
    now = select(func.count(), func.min(func.coalesce(col(Call.queued_at), col(Call.offered_at))))
    row = (await session.execute(now.where(col(Call.state).in_(sorted(waiting)), is_incoming))).one()
    today = select(func.count()).select_from(Call).where(col(Call.offered_at) >= day, is_incoming)
    answered = (await session.execute(today.where(col(Call.answered_at).is_not(None)))).scalar_one()
    abandoned = (await session.execute(today.where(col(Call.outcome) == CallOutcome.ABANDONED))).scalar_one()
    return CallFigures(row[0], row[1], answered, abandoned)


async def add_call_backs(session: AsyncSession, rows: Sequence[CallBackRow]) -> None:
    """Insert call-backs; a call that already has one gets no second."""
    await insert_new_rows(session, CallBack, rows, unique=("call_id",), returning="id")


async def ongoing_call_backs(
    session: AsyncSession, limit: int, after: tuple[datetime, UUID] | None = None
) -> tuple[Sequence[CallBack], int]:
    """Return a page of the ongoing call-backs, oldest first, and the number of all."""
    wanted = col(CallBack.state).in_(ONGOING)
    total = (await session.execute(select(func.count()).select_from(CallBack).where(wanted))).scalar_one()
    query = select(CallBack).where(wanted).order_by(col(CallBack.received_at), col(CallBack.id)).limit(limit)
    if after is not None:
        query = query.where(tuple_(col(CallBack.received_at), col(CallBack.id)) > after)
    return (await session.execute(query)).scalars().all(), total


async def call_back_of(session: AsyncSession, operator: str) -> CallBack | None:
    """Return the call-back that an operator claimed last."""
    query = select(CallBack).where(col(CallBack.state) == CallBackState.CLAIMED, col(CallBack.claimed_by) == operator)
    return (await session.execute(query.order_by(col(CallBack.changed_at).desc(), col(CallBack.id)).limit(1))).scalar_one_or_none()


async def lock_call_back(session: AsyncSession, call_back_id: UUID) -> CallBack | None:
    """Lock and return a call-back."""
    return (await session.execute(select(CallBack).where(col(CallBack.id) == call_back_id).with_for_update())).scalar_one_or_none()


async def expire_call_backs(session: AsyncSession, before: datetime) -> None:
    """Close the call-backs of callers who rang before a time and were not reached. Their numbers are erased."""
    ongoing = update(CallBack).where(col(CallBack.state).in_(ONGOING), col(CallBack.received_at) < before)
    await session.execute(ongoing.values(state=CallBackState.UNREACHED, number=None, claimed_by=None))


async def purge_calls(session: AsyncSession, before: datetime) -> None:
    """Delete calls that were published before a time, with their events and call-backs."""
    over = select(col(Call.id)).where(col(Call.published_at) < before)
    for model in (CallEvent, CallBack):
        await session.execute(delete(model).where(col(model.call_id).in_(over)))
    await session.execute(delete(Call).where(col(Call.published_at) < before))


async def appeals_of_caller(
    session: AsyncSession, caller: bytes, limit: int, *, with_protected: bool
) -> tuple[Sequence[CallersAppeal], int]:
    """Return the latest open appeals of a phone number without their sealed content, and the number of all.

    `with_protected`: those that not every operator may know of are among them.
    """
    finished = [code for code, status in taxonomy().statuses.items() if status.final]
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id))
    query = query.where(col(Appeal.phone_key) == caller, col(Tracking.status).not_in(finished))
    if not with_protected:
        query = query.where(col(Tracking.protection).is_(None))
    total = (await session.execute(query.with_only_columns(func.count()))).scalar_one()
    rows = await session.execute(query.order_by(col(Appeal.received_at).desc(), col(Appeal.id)).limit(limit).options(*without_content()))
    return [CallersAppeal(row[0], row[1]) for row in rows], total


async def region_of_caller(session: AsyncSession, caller: bytes) -> str | None:
    """Return the region of the caller's latest appeal; None if there is none."""
    latest = select(col(Appeal.region)).where(col(Appeal.phone_key) == caller).order_by(col(Appeal.received_at).desc()).limit(1)
    return (await session.execute(latest)).scalars().first()


async def add_oral_record(session: AsyncSession, row: OralRecordRow) -> None:
    """Insert the record of an appeal; of a repeated registration the first record stays."""
    await insert_new_rows(session, OralRecord, [row], unique=("appeal_id",), returning="appeal_id")


async def oral_record(session: AsyncSession, appeal_id: UUID) -> RecordedAppeal | None:
    """Return an oral appeal and its record."""
    query = (
        select(OralRecord, Appeal).join(Appeal, col(Appeal.id) == col(OralRecord.appeal_id)).where(col(OralRecord.appeal_id) == appeal_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else RecordedAppeal(row[0], row[1])


async def verify_caller(session: AsyncSession, call_id: UUID, checks: list[str]) -> None:
    """Store the checks by which the caller was verified."""
    await session.execute(update(Call).where(col(Call.id) == call_id).values(verified_by=checks))


async def hold_consultation(session: AsyncSession, row: HeldConsultation) -> str:
    """Store a consultation, unless one waits under its id. Return the topic of the one that waits."""
    await insert_new_rows(session, HeldConsultation, [row.model_dump()], unique=("id",), returning="id")
    return (await session.execute(select(col(HeldConsultation.topic)).where(col(HeldConsultation.id) == row.id))).scalar_one()


async def held_by(session: AsyncSession, operator: str, *, due_after: datetime, due_by: datetime) -> Sequence[HeldConsultation]:
    """Return the consultations of an operator that are due after one time and by another, the latest first."""
    is_waiting = (col(HeldConsultation.due_at) > due_after, col(HeldConsultation.due_at) <= due_by)
    query = select(HeldConsultation).where(col(HeldConsultation.operator) == operator, *is_waiting)
    return (await session.execute(query.order_by(col(HeldConsultation.due_at).desc()))).scalars().all()


async def due_consultations(session: AsyncSession, now: datetime, limit: int) -> Sequence[HeldConsultation]:
    """Return consultations whose wait is over, longest due first."""
    query = select(HeldConsultation).where(col(HeldConsultation.due_at) <= now)
    return (await session.execute(query.order_by(col(HeldConsultation.due_at)).limit(limit))).scalars().all()


async def postpone_held(session: AsyncSession, held_id: UUID, due_at: datetime) -> None:
    await session.execute(update(HeldConsultation).where(col(HeldConsultation.id) == held_id).values(due_at=due_at))


async def delete_held(session: AsyncSession, held_id: UUID, operator: str | None = None) -> bool:
    """Delete a consultation that waits, of this operator or of any. Return whether there was one."""
    statement = delete(HeldConsultation).where(col(HeldConsultation.id) == held_id)
    if operator is not None:
        statement = statement.where(col(HeldConsultation.operator) == operator)
    return (await session.execute(statement.returning(col(HeldConsultation.id)))).first() is not None


async def add_incident(session: AsyncSession, incident: Incident) -> bool:
    """Insert an incident. Return whether its id is new."""
    return bool(await insert_new_rows(session, Incident, [incident.model_dump()], unique=("id",), returning="id"))


async def incident(session: AsyncSession, incident_id: UUID) -> Incident | None:
    return await session.get(Incident, incident_id)


async def incidents(session: AsyncSession, regions: Collection[str] | None, limit: int) -> Sequence[Incident]:
    """Return the latest incidents of these regions, or of all for None; those of the whole country are of every region."""
    query = select(Incident)
    if regions is not None:
        query = query.where(or_(col(Incident.region).is_(None), col(Incident.region).in_(sorted(regions))))
    return (await session.execute(query.order_by(col(Incident.announced_at).desc(), col(Incident.id)).limit(limit))).scalars().all()


async def current_incidents(session: AsyncSession, region: str | None, now: datetime) -> Sequence[Incident]:
    """Return the incidents that go on, those of a region and of the whole country, or all for None; the latest first."""
    query = select(Incident).where(col(Incident.ended_at).is_(None), col(Incident.ends_at) > now)
    if region is not None:
        query = query.where(or_(col(Incident.region).is_(None), col(Incident.region) == region))
    return (await session.execute(query.order_by(col(Incident.announced_at).desc(), col(Incident.id)))).scalars().all()


async def end_incident(session: AsyncSession, incident_id: UUID, now: datetime) -> bool:
    """End an incident that goes on. Return whether it did."""
    is_current = (col(Incident.id) == incident_id, col(Incident.ended_at).is_(None), col(Incident.ends_at) > now)
    return (await session.execute(update(Incident).where(*is_current).values(ended_at=now).returning(col(Incident.id)))).first() is not None


async def count_caller(session: AsyncSession, incident_id: UUID) -> None:
    """Count one more caller of an incident."""
    await session.execute(update(Incident).where(col(Incident.id) == incident_id).values(callers=col(Incident.callers) + 1))
