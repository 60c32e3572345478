"""The queries of assignment by rule: the queues for which it is switched on, who may get a case, and which cases wait.

Locks are taken in one order: queues, colleagues by subject, cases. A transaction that waits for a colleague therefore holds no case.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import AppealCase, Colleague, QueueSetting
from routing.cases.schemas.rows import CaseState
from routing.cases.schemas.staffing import AbsenceCodes, QueueRow, ShiftCodes, WaitingCase, WaitingCount
from routing.cases.schemas.views import ColleagueView
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import CENTRAL_OFFICE
from shared.rows import columns_of, upsert

_WAITING: Final = and_(col(AppealCase.closed_at).is_(None), col(AppealCase.assignee).is_(None))
_STAFF: Final = columns_of(Colleague, ColleagueView)


async def is_any_case_waiting(session: AsyncSession) -> bool:
    """Return whether a queue for which assignment by rule is switched on has an open case without an assignee."""
    waits = exists().where(col(AppealCase.queue) == col(QueueSetting.queue), _WAITING)
    found = select(exists().where(col(QueueSetting.automatic), waits))
    return (await session.execute(found)).scalar_one()


async def lock_automatic_queues(session: AsyncSession) -> Sequence[str]:
    """Lock the queues for which assignment by rule is switched on. Those that another transaction has locked are skipped."""
    query = select(col(QueueSetting.queue)).where(col(QueueSetting.automatic)).order_by(col(QueueSetting.queue))
    return (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()


async def lock_staff(session: AsyncSession, regions: Collection[str], *, everywhere: Collection[str]) -> Sequence[ColleagueView]:
    """Lock the colleagues of these regions, those without a region and those of the roles that work everywhere, by subject.

    Until the transaction ends no absence of theirs is recorded, and no other transaction assigns them cases by rule.
    """
    region, role = col(Colleague.region), col(Colleague.role)
    of_these = or_(region.in_(sorted(regions)), region.is_(None), role.in_(sorted(everywhere)))
    rows = await session.execute(select(*_STAFF).where(of_these).order_by(col(Colleague.subject)).with_for_update())
    return [ColleagueView(*row) for row in rows]


async def lock_colleague(session: AsyncSession, subject: str) -> ColleagueView | None:
    """Lock and return a colleague."""
    query = select(*_STAFF).where(col(Colleague.subject) == subject).with_for_update()
    row = (await session.execute(query)).one_or_none()
    return ColleagueView(*row) if row is not None else None


async def open_loads(session: AsyncSession, subjects: Collection[str] | None = None) -> Mapping[str, int]:
    """Return how many open cases each of the colleagues has, by subject; without subjects of all colleagues."""
    assignee = col(AppealCase.assignee)
    query = select(assignee, func.count()).where(col(AppealCase.closed_at).is_(None), assignee.is_not(None))
    if subjects is not None:
        query = query.where(assignee.in_(sorted(subjects)))
    rows = await session.execute(query.group_by(assignee))
    return {row[0]: row[1] for row in rows if row[0] is not None}


async def waiting_counts(session: AsyncSession, region: str) -> Sequence[WaitingCount]:
    """Return how many unassigned open cases the queues of a region have. Those of protected cases belong to the central office."""
    queue, protection = col(AppealCase.queue), col(AppealCase.protection)
    belongs = and_(col(AppealCase.region) == region, protection.is_(None))
    if region == CENTRAL_OFFICE:
        belongs = or_(belongs, protection.is_not(None))
    query = select(queue, func.count()).where(belongs, _WAITING).group_by(queue)
    return [WaitingCount(*row) for row in await session.execute(query)]


async def lock_waiting_cases(
    session: AsyncSession, wanted: Mapping[int, Collection[str]], statuses: Collection[CaseStatus], limit: int
) -> Sequence[WaitingCase]:
    """Lock the first unassigned cases of these queues, by tier, the earliest deadline first. Cases that are locked are skipped."""
    of_queues = [and_(col(AppealCase.tier) == tier, col(AppealCase.queue).in_(sorted(queues))) for tier, queues in wanted.items()]
    columns = [col(getattr(AppealCase, name)) for name in WaitingCase._fields]
    query = select(*columns).where(_WAITING, _may_be_assigned(statuses), or_(false(), *of_queues))
    rows = await session.execute(_oldest_first(query).limit(limit).with_for_update(skip_locked=True))
    return [WaitingCase(*row) for row in rows]


async def lock_cases_of(session: AsyncSession, subject: str) -> Sequence[CaseState]:
    """Lock the open cases of a colleague in the order of their ids, and return them, the earliest deadline first."""
    has, key = and_(col(AppealCase.assignee) == subject, col(AppealCase.closed_at).is_(None)), col(AppealCase.appeal_id)
    query = select(*columns_of(AppealCase, CaseState)).where(has).order_by(key).with_for_update()
    found = [CaseState(*row) for row in await session.execute(query)]
    return sorted(found, key=lambda case: (case.next_due_at, case.appeal_id))


def _may_be_assigned(statuses: Collection[CaseStatus]) -> ColumnElement[bool]:
    return and_(col(AppealCase.status).in_(sorted(statuses)), col(AppealCase.sends_at).is_(None))


def _oldest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(col(AppealCase.next_due_at), col(AppealCase.appeal_id))


async def automatic_queues(session: AsyncSession, region: str) -> Mapping[str, bool]:
    """Return the decisions about the queues of a region."""
    rows = await session.execute(select(col(QueueSetting.queue), col(QueueSetting.automatic)).where(col(QueueSetting.region) == region))
    return {row[0]: row[1] for row in rows}


async def store_queue(session: AsyncSession, row: QueueRow) -> None:
    """Store whether the cases of a queue are assigned by rule."""
    changed = {"automatic": row["automatic"], "changed_by": row["changed_by"], "changed_at": row["changed_at"]}
    statement = upsert(session, QueueSetting).values(**row)
    await session.execute(statement.on_conflict_do_update(index_elements=["queue"], set_=changed))


async def store_absences(session: AsyncSession, subject: str, absences: list[AbsenceCodes] | None, absent_until: date | None) -> None:
    """Store the absences of a locked colleague."""
    await _change(session, subject, absences=absences, absent_until=absent_until)


async def store_staffing(
    session: AsyncSession,
    subject: str,
    *,
    capacity: int | None,
    languages: list[str] | None,
    tiers: list[int] | None,
    shifts: list[ShiftCodes | None] | None,
    left_at: datetime | None,
) -> None:
    """Store what is assigned to a locked colleague by rule, and when the colleague works."""
    await _change(session, subject, capacity=capacity, languages=languages, tiers=tiers, shifts=shifts, left_at=left_at)


async def mark_as_left(session: AsyncSession, subject: str, at: datetime) -> None:
    """Store that a locked colleague has left the team."""
    await _change(session, subject, left_at=at)


async def _change(session: AsyncSession, subject: str, **values: object) -> None:
    statement = update(Colleague).where(col(Colleague.subject) == subject).values(**values)
    await session.execute(statement.execution_options(synchronize_session=False))
