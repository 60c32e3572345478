"""Lists of cases: one predicate for the rows, their number, and every count; the order of the list; where the next page begins."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, and_, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.codes import CaseScope, CaseSort, DeskStatus
from routing.cases.models import AppealCase
from routing.cases.schemas.colleagues import Workload
from routing.cases.schemas.rows import ListedCase
from routing.cases.schemas.views import CaseFilter, FoundKeys
from shared.domain.identifiers import digits_as_typed
from shared.domain.taxonomy import taxonomy
from shared.rows import columns_of, table_of
from shared.visibility import Scope

NUMBER_DIGITS: Final = 14
SERIAL_DIGITS: Final = 7
SERIALS: Final = 10_000_000
LARGE: Final = 100_000
FRESH: Final = timedelta(seconds=10)
_COLUMNS: Final = columns_of(AppealCase, ListedCase)
_SORTED_BY: Final = {
    CaseSort.DUE: col(AppealCase.next_due_at),
    CaseSort.RECEIVED: col(AppealCase.received_at),
    CaseSort.UPDATED: col(AppealCase.updated_at),
}
_EQUAL: Final = (
    "tier", "kind", "category", "topic", "provider_id", "channel", "language", "urgency", "queue", "assignee",
)  # fmt: skip
"""The fields of the filter that equal a column of the same name."""


class _LargeCount(NamedTuple):
    cases: int
    at: datetime


_large_counts: Final[WeakKeyDictionary[Engine, dict[Scope, _LargeCount]]] = WeakKeyDictionary()


async def cases(
    session: AsyncSession, visible: Scope, wanted: CaseFilter, now: datetime, *, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[ListedCase]:
    """Return a page of cases in the order of the filter.

    `after`: the time that the list is sorted by and the id, both of the last case of the page before.
    """
    at, key = _SORTED_BY[wanted.sort], col(AppealCase.appeal_id)
    if wanted.sort is CaseSort.DUE:
        order = (at.asc(), key.asc())
        following = true() if after is None else and_(at >= after[0], or_(at > after[0], key > after[1]))
    else:
        order = (at.desc(), key.desc())
        following = true() if after is None else and_(at <= after[0], or_(at < after[0], key < after[1]))
    # The ids are chosen first: an index that includes the columns of the filter skips cases that do not match without reading their rows.
    page = select(key).where(_predicate(visible, wanted, now), following).order_by(*order).limit(limit).subquery()
    found = await session.execute(select(*_COLUMNS).join(page, page.c.appeal_id == key).order_by(*order))
    return [ListedCase(*row) for row in found]


async def count_cases(session: AsyncSession, visible: Scope, wanted: CaseFilter, now: datetime) -> int:
    """Return how many cases the list of this filter has.

    Without a filter, a count of `LARGE` or more is stored for `FRESH`: counting a million rows takes longer than the rest of the list.
    """
    filters, counts = _filters(wanted, now), _large_counts.setdefault(session.get_bind().engine, {})
    alike = replace(visible, reader=None)  # a large count is one for all readers of protected cases, and not exact anyway
    if not filters and alike in counts and now - counts[alike].at < FRESH:
        return counts[alike].cases
    found = (await session.execute(select(func.count()).select_from(AppealCase).where(visible_rows(visible), *filters))).scalar_one()
    if not filters and found >= LARGE:
        counts[alike] = _LargeCount(found, now)
    return found


async def count_open(session: AsyncSession, visible: Scope, lists: Sequence[CaseFilter], now: datetime) -> list[int]:
    """Return how many open cases the list of each filter has, counted in one pass over the index of open cases."""
    figures = [func.count().filter(true(), *_filters(wanted, now, among_open=True)) for wanted in lists]
    query = select(*figures).where(visible_rows(visible), col(AppealCase.closed_at).is_(None))
    return list((await session.execute(query)).one())


async def workloads(session: AsyncSession, visible: Scope, now: datetime) -> dict[str, Workload]:
    """Return what each colleague has to do, by subject. The figures count what the list with `assignee` and `is_open` has.

    Of all regions together the index of open cases by assignee has every column of the query.
    """
    figures = (func.count(), func.count().filter(col(AppealCase.next_due_at) < now))
    query = select(col(AppealCase.assignee), *figures).where(_taken(visible, now)).group_by(col(AppealCase.assignee))
    return {row[0]: Workload(*row[1:]) for row in await session.execute(query) if row[0] is not None}


async def oldest_open(session: AsyncSession, visible: Scope, now: datetime) -> dict[str, datetime]:
    """Return when the oldest open case of each colleague was received, by subject."""
    query = select(col(AppealCase.assignee), func.min(col(AppealCase.received_at))).where(_taken(visible, now))
    return {row[0]: row[1] for row in await session.execute(query.group_by(col(AppealCase.assignee))) if row[0] is not None}


def _taken(visible: Scope, now: datetime) -> ColumnElement[bool]:
    return and_(_predicate(visible, CaseFilter(is_open=True), now), col(AppealCase.assignee).is_not(None))


def visible_rows(scope: Scope) -> ColumnElement[bool]:
    """Return the visibility rule as a predicate on the cases. Every query on behalf of a person has it."""
    seen = scope.where(col(AppealCase.region), col(AppealCase.tier), col(AppealCase.provider_id), col(AppealCase.protection))
    if scope.reader is None:
        return seen
    concerned = col(AppealCase.concerned)  # whoever is complained about does not see the case (АППК art. 97(2), 98(6))
    return and_(seen, or_(concerned.is_(None), concerned != scope.reader))


def _predicate(visible: Scope, wanted: CaseFilter, now: datetime) -> ColumnElement[bool]:
    return and_(visible_rows(visible), *_filters(wanted, now))


def _filters(wanted: CaseFilter, now: datetime, *, among_open: bool = False) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter. `among_open`: the query has the condition of the partial indexes, which lack the column of it."""
    found = _in_scope(wanted)
    if not among_open and (wanted.is_open or _is_about_open_cases(wanted)):
        found.append(col(AppealCase.closed_at).is_(None))
    if wanted.is_open is False:
        found.append(col(AppealCase.closed_at).is_not(None))
    found += [col(getattr(AppealCase, name)) == value for name in _EQUAL if (value := getattr(wanted, name)) is not None]
    if wanted.status is not None:
        found += _status_is(wanted.status)
    if wanted.number is not None:
        found.append(_number_matches(wanted.number))
    if wanted.found is not None:
        found.append(_is_found(wanted.found))
    if wanted.received_from is not None:
        found.append(col(AppealCase.received_at) >= wanted.received_from)
    if wanted.received_before is not None:
        found.append(col(AppealCase.received_at) < wanted.received_before)
    if wanted.overdue is not None:
        found.append(col(AppealCase.next_due_at) < now if wanted.overdue else col(AppealCase.next_due_at) >= now)
    return found + _marks(wanted)


def _marks(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """Return the conditions for what a case waits for: a clerk who reads the news or sorts it, a decision of a second person."""
    found = []
    if wanted.has_news is not None:
        news: ColumnElement[bool] = table_of(
            AppealCase
        ).c.has_news  # without a comparison: the condition of the partial index, word for word
        found.append(news if wanted.has_news else ~news)
    if wanted.unsorted is not None:
        unsorted: ColumnElement[bool] = table_of(AppealCase).c.unsorted  # as above
        found.append(unsorted if wanted.unsorted else ~unsorted)
    if wanted.awaits_approval is not None:
        extension = and_(
            col(AppealCase.extension_id).is_not(None), col(AppealCase.answer_id).is_(None), col(AppealCase.closed_at).is_(None)
        )
        awaits = or_(extension, and_(col(AppealCase.approval_id).is_not(None), col(AppealCase.closed_at).is_(None)))
        found.append(awaits if wanted.awaits_approval else not_(awaits))
    if wanted.protected is not None:
        protection = col(AppealCase.protection)
        found.append(protection.is_not(None) if wanted.protected else protection.is_(None))
    if wanted.awaits_proof is not None:
        unproved = col(AppealCase.unproved_body)
        found.append(unproved.is_not(None) if wanted.awaits_proof else unproved.is_(None))
    return found


def _in_scope(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    if wanted.scope is CaseScope.MINE:
        return [col(AppealCase.assignee) == wanted.subject]
    if wanted.scope is CaseScope.QUEUE:
        return [col(AppealCase.assignee).is_(None)]
    return [col(AppealCase.region) == wanted.region] if wanted.scope is CaseScope.REGION else []


def _is_found(keys: FoundKeys) -> ColumnElement[bool]:
    terms = []
    if keys.appeal_ids:
        terms.append(col(AppealCase.appeal_id).in_(keys.appeal_ids))
    if keys.provider_ids:
        terms.append(col(AppealCase.provider_id).in_(keys.provider_ids))
    return or_(*terms) if terms else false()


def _is_about_open_cases(wanted: CaseFilter) -> bool:
    """Return whether the filter matches open cases only; the explicit condition allows the partial indexes to be used."""
    if wanted.status is None:
        return wanted.scope in {CaseScope.MINE, CaseScope.QUEUE} or wanted.overdue is True
    return wanted.status in frozenset(DeskStatus) or not taxonomy().statuses[wanted.status].final


def _status_is(status: str) -> list[ColumnElement[bool]]:
    """Return the conditions for a status as the desk names it."""
    waits = col(AppealCase.sends_at).is_not(None)
    return [waits] if status == DeskStatus.SENDING else [col(AppealCase.status) == status, not_(waits)]


def serial_of(number_digits: int) -> int:
    """Return the serial number in the 14 digits of a registration number."""
    return number_digits // 10 % SERIALS


def _number_matches(typed: str) -> ColumnElement[bool]:
    """Return the condition for numbers that begin or end with the digits typed, with or without the check digit.

    Each alternative is a range or a value of an index on every engine. Leading zeros of the serial number may be omitted.
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
