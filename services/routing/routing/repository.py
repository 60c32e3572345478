"""Every question that routing asks its database. Rows go in as mappings, in bulk; what is changed is read, locked, as objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.models import ACTIVE, Answer, AppealCase, CaseClock, ContentRead, Correction, History, Letter
from shared.bulk import insert_later, insert_new_rows, insert_rows, update_rows
from shared.database import among
from shared.domain.identifiers import digits_as_typed
from shared.domain.taxonomy import taxonomy
from shared.visibility import Scope

Rows = Sequence[Mapping[str, Any]]
NUMBER_DIGITS = 14
SERIAL_DIGITS = 7
SERIALS = 10_000_000


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to. `subject` and `region` are the asking one's own, for the scopes that are about them."""

    scope: str = "all"
    subject: str = ""
    region: str | None = None
    status: str | None = None
    tier: int | None = None
    kind: str | None = None
    number: str | None = None
    overdue: bool | None = None


async def add_cases(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Open these cases before the transaction ends; returns which of them were not there before.

    Only the reader of an appeal's events opens its case, and it holds the lock on its position: nobody comes between the look and the rows.
    Should two cases have one number, the end of the transaction raises IntegrityError.
    """
    key = col(AppealCase.appeal_id)
    known = set(await session.scalars(select(key).where(among(session, key, [row["appeal_id"] for row in rows]))))
    fresh = {row["appeal_id"]: row for row in rows if row["appeal_id"] not in known}
    insert_later(session, AppealCase, list(fresh.values()))
    return set(fresh)


def begin_cases(session: AsyncSession, clocks: Rows, told: Rows) -> None:
    """Give cases that were just opened their clocks and the beginning of their history, together with what else the transaction adds."""
    insert_later(session, CaseClock, clocks)
    insert_later(session, History, told)


async def add_clocks(session: AsyncSession, rows: Rows) -> None:
    await insert_rows(session, CaseClock, rows)


async def add_history(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Note what happened; returns the sources that were not noted before."""
    return await insert_new_rows(session, History, rows, unique=("source",), returning="source")


async def add_correction(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(insert(Correction), [row])


async def add_content_read(session: AsyncSession, row: Mapping[str, Any]) -> None:
    await session.execute(insert(ContentRead), [row])


async def change_cases(session: AsyncSession, rows: Rows) -> None:
    """Update cases by `appeal_id`; every row names the same columns."""
    await update_rows(session, AppealCase, rows, key=("appeal_id",))


async def change_clocks(session: AsyncSession, rows: Rows) -> None:
    """Update clocks by `clock_id`; every row names the same columns."""
    await update_rows(session, CaseClock, rows, key=("clock_id",))


HELD = (
    "appeal_id", "status", "tier", "provider_id", "version", "kind", "region", "language", "queue", "holder", "assignee", "outcome",
    "closed_at", "answer_id", "answer_outcome", "has_news", "fix_passed", "score", "next_due_at",
)  # fmt: skip
_HELD_CASES: Select[Any] = select(*(col(getattr(AppealCase, name)) for name in HELD)).order_by(col(AppealCase.appeal_id)).with_for_update()
Held = Row[Any]
"""A locked case's columns HELD."""


async def lock_cases(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, Held]:
    """What a batch of events needs of these cases, locked in the order of their ids, so that no two transactions wait in a ring.

    Rows, not objects: bulk updates pass the session's objects by, and one transaction may see several batches of one case.
    """
    found = await session.execute(_HELD_CASES.where(among(session, AppealCase.appeal_id, appeal_ids)))
    return {case.appeal_id: case for case in found}


async def lock_case(session: AsyncSession, appeal_id: UUID, visible: Scope) -> AppealCase | None:
    """The case, locked, if it may be seen."""
    query = select(AppealCase).where(col(AppealCase.appeal_id) == appeal_id, _visible(visible)).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def case(session: AsyncSession, appeal_id: UUID, visible: Scope) -> AppealCase | None:
    query = select(AppealCase).where(col(AppealCase.appeal_id) == appeal_id, _visible(visible))
    return (await session.execute(query)).scalar_one_or_none()


async def cases(
    session: AsyncSession, visible: Scope, wanted: CaseFilter, now: datetime, *, limit: int, after: tuple[datetime, UUID] | None
) -> tuple[Sequence[AppealCase], int]:
    """A page of cases, the next due first, and how many there are in all under the same predicate."""
    predicate = and_(_visible(visible), *_filters(wanted, now))
    due, key = col(AppealCase.next_due_at), col(AppealCase.appeal_id)
    page = select(AppealCase).where(predicate).order_by(due, key).limit(limit)
    if after is not None:
        page = page.where(due >= after[0], or_(due > after[0], key > after[1]))
    total = await session.execute(select(func.count()).select_from(AppealCase).where(predicate))
    return (await session.execute(page)).scalars().all(), total.scalar_one()


def _visible(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(AppealCase.region), col(AppealCase.tier), col(AppealCase.provider_id))


def _filters(wanted: CaseFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.scope == "mine":
        found.append(col(AppealCase.assignee) == wanted.subject)
    elif wanted.scope == "queue":
        found.append(col(AppealCase.assignee).is_(None))
    elif wanted.scope == "region":
        found.append(col(AppealCase.region) == wanted.region)
    if _is_about_open_cases(wanted):
        found.append(col(AppealCase.closed_at).is_(None))
    equal = {"status": wanted.status, "tier": wanted.tier, "kind": wanted.kind}
    found += [col(getattr(AppealCase, name)) == value for name, value in equal.items() if value is not None]
    if wanted.number is not None:
        found.append(_number_matches(wanted.number))
    if wanted.overdue is not None:
        found.append(col(AppealCase.next_due_at) < now if wanted.overdue else col(AppealCase.next_due_at) >= now)
    return found


def _is_about_open_cases(wanted: CaseFilter) -> bool:
    """Whether only open cases can be meant; saying so lets the small indexes of open cases answer."""
    if wanted.status is None:
        return wanted.scope in {"mine", "queue"} or wanted.overdue is True
    return not taxonomy().statuses[wanted.status].final


def serial_of(number_digits: int) -> int:
    """Return the serial number in the 14 digits of a registration number."""
    return number_digits // 10 % SERIALS


def _number_matches(typed: str) -> ColumnElement[bool]:
    """The numbers that begin or end with the digits typed, the check digit included or not.

    Each way is an index's range or value on every engine. Leading zeros of the serial number may be left out.
    """
    digits = digits_as_typed(typed)
    if not digits or len(digits) > NUMBER_DIGITS:
        return false()
    number, serial, value = col(AppealCase.number_digits), col(AppealCase.serial), int(digits)
    width = 10 ** (NUMBER_DIGITS - len(digits))
    ends = 10 ** len(digits)
    return or_(
        number.between(value * width, (value + 1) * width - 1),
        and_(serial == value % SERIALS, (number % (ends * 10)).between(value * 10, value * 10 + 9))
        if len(digits) > SERIAL_DIGITS
        else serial == value,
        and_(serial == serial_of(value), number % ends == value) if len(digits) > SERIAL_DIGITS else _with_check_digit(value),
    )


def _with_check_digit(value: int) -> ColumnElement[bool]:
    return and_(col(AppealCase.serial) == value // 10, col(AppealCase.number_digits) % 10 == value % 10)


async def clocks(session: AsyncSession, appeal_id: UUID) -> Sequence[CaseClock]:
    """Every clock the case ever had, the first due first."""
    query = select(CaseClock).where(col(CaseClock.appeal_id) == appeal_id).order_by(col(CaseClock.due_at), col(CaseClock.clock_id))
    return (await session.execute(query)).scalars().all()


async def running_clocks(session: AsyncSession, appeal_id: UUID) -> Sequence[CaseClock]:
    query = select(CaseClock).where(col(CaseClock.appeal_id) == appeal_id, col(CaseClock.state).in_(ACTIVE)).with_for_update()
    return (await session.execute(query)).scalars().all()


async def clocks_running(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """`appeal_id, clock_id, policy, state, due_at` of what runs on these locked cases, by case."""
    names = ("appeal_id", "clock_id", "policy", "state", "due_at")
    query: Select[Any] = select(*(col(getattr(CaseClock, name)) for name in names))
    found: dict[UUID, list[Row[Any]]] = {}
    for row in await session.execute(query.where(among(session, CaseClock.appeal_id, appeal_ids), col(CaseClock.state).in_(ACTIVE))):
        found.setdefault(row.appeal_id, []).append(row)
    return found


async def lock_cases_with_due_clocks(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """The cases whose clocks have waited longest, locked; those that somebody else holds at this moment come next time."""
    waiting = select(col(CaseClock.appeal_id)).where(col(CaseClock.next_at) <= now).order_by(col(CaseClock.due_at)).limit(limit)
    query = select(col(AppealCase.appeal_id)).where(col(AppealCase.appeal_id).in_(waiting)).with_for_update(skip_locked=True)
    return (await session.execute(query)).scalars().all()


async def due_clocks(session: AsyncSession, appeal_ids: Sequence[UUID], now: datetime) -> Sequence[CaseClock]:
    query = select(CaseClock).where(among(session, CaseClock.appeal_id, appeal_ids), col(CaseClock.next_at) <= now)
    return (await session.execute(query.order_by(col(CaseClock.due_at), col(CaseClock.clock_id)))).scalars().all()


async def history(session: AsyncSession, appeal_id: UUID) -> Sequence[History]:
    query = select(History).where(col(History.appeal_id) == appeal_id).order_by(col(History.id))
    return (await session.execute(query)).scalars().all()


async def answers(session: AsyncSession, answer_ids: Sequence[UUID]) -> Sequence[Answer]:
    return (await session.execute(select(Answer).where(among(session, Answer.answer_id, answer_ids)))).scalars().all()


async def last_answer(session: AsyncSession, appeal_id: UUID) -> Answer | None:
    query = select(Answer).where(col(Answer.appeal_id) == appeal_id).order_by(col(Answer.at).desc(), col(Answer.answer_id).desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def letters(session: AsyncSession, letter_ids: Sequence[UUID]) -> Sequence[Letter]:
    return (await session.execute(select(Letter).where(among(session, Letter.letter_id, letter_ids)))).scalars().all()


async def letters_of(session: AsyncSession, appeal_id: UUID) -> Sequence[Letter]:
    """What the desk wrote to the applicant of a case, the oldest first."""
    query = select(Letter).where(col(Letter.appeal_id) == appeal_id).order_by(col(Letter.at), col(Letter.letter_id))
    return (await session.execute(query)).scalars().all()


async def number_of(session: AsyncSession, appeal_id: UUID) -> str | None:
    return (await session.execute(select(col(AppealCase.number)).where(col(AppealCase.appeal_id) == appeal_id))).scalar_one_or_none()
