"""Cohorts of the figures: one rule for what narrows them, and what is counted in them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal_column, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import (
    call_fact,
    fact,
    provider,
    self_served,
)
from analytics.facts.repository.buckets import bucket, category_and_below
from analytics.facts.repository.rollups import rollup_query, summed
from analytics.facts.repository.snapshots import read_once
from analytics.facts.schemas import TIMES, CallOutcome, CallTotals, Cohort, CohortFilters, Group, Tally
from shared.domain.taxonomy import taxonomy
from shared.rows import is_sqlite

Tallies: TypeAlias = dict[str | None, Tally]
"""Tallies by code; None stands for rows without a code, and for a figure without parts."""
_COLUMN_NAMES = {Group.PROVIDER: "provider_id"}
# A long count follows an index: the query groups first by the index columns up to the wanted one, so that nothing has to be sorted
# (474 708 facts by region: 35 ms instead of 93).
_INDEX_COLUMNS: Mapping[Group, Sequence[str]] = {
    Group.CHANNEL: ("received_on", "channel"),
    Group.KIND: ("received_on", "channel", "kind"),
    Group.REGION: ("received_on", "region"),
    Group.OUTCOME: ("received_on", "region", "outcome"),
    Group.TIER: ("received_on", "region", "outcome", "tier"),
    Group.TOPIC: ("received_on", "topic"),
    **dict.fromkeys(TIMES, ("received_on",)),
}


def narrowed(day: ColumnElement[Any], table: Table, cohort: Cohort) -> list[ColumnElement[bool]]:
    """Return the conditions of a cohort on the rows of a grain. The only place that narrows a figure, its parts and its appeals."""
    filters = cohort.filters
    terms: list[ColumnElement[bool]] = [day.between(cohort.first, cohort.last)]
    wanted = {
        "region": cohort.region,
        **{name: getattr(filters, name) for name in CohortFilters.__dataclass_fields__ if name != "category"},
    }
    if "provider_id" in table.c and filters.district is not None:
        terms.append(table.c.provider_id.in_(select(provider.c.provider_id).where(provider.c.district == filters.district)))
    terms += [table.c[name] == value for name, value in wanted.items() if value is not None and name in table.c]
    if "kind" in table.c and cohort.kind is not None:
        terms.append(table.c.kind == cohort.kind)
    if "category" in table.c and filters.category is not None:
        terms.append(table.c.category.in_(category_and_below(filters.category)))
    if not cohort.with_protected:
        if "protection" in table.c:
            terms.append(table.c.protection.is_(None))
        elif "appeal_id" in table.c:
            terms.append(table.c.appeal_id.not_in(select(fact.c.appeal_id).where(fact.c.protection.is_not(None))))
    return terms


def first_time(cohort: Cohort) -> ColumnElement[bool]:
    """Return the conditions of the first-time appeals of a cohort."""
    terms = [*narrowed(fact.c.received_on, fact, cohort), fact.c.follows.is_(None)]
    if cohort.outcome is not None:
        terms.append(fact.c.outcome == cohort.outcome)
    if cohort.proofs:
        terms.append(fact.c.proof.in_(sorted(cohort.proofs)))
    return and_(*terms)


def coded(session: AsyncSession, group: Group | None, day: ColumnElement[Any], table: Table) -> ColumnElement[Any]:
    """Return the column `code` that a figure is split by; NULL for a figure without parts. Categories count for their root."""
    if group is None:
        return null().label("code")
    if group in TIMES:
        return bucket(group, day, is_sqlite=is_sqlite(session)).label("code")
    if group is Group.DISTRICT:
        of_provider = select(provider.c.district).where(provider.c.provider_id == table.c.provider_id)
        return of_provider.scalar_subquery().label("code")
    column: ColumnElement[Any] = table.c[_COLUMN_NAMES.get(group, group.value)]
    if group is Group.CATEGORY:
        roots = {code: entry.parent for code, entry in taxonomy().categories.items() if entry.parent}
        column = case(roots, value=column, else_=column)
    return column.label("code")


def split(group: Group | None, query: Select[Any]) -> Select[Any]:
    """Group by the alias of `_code`: PostgreSQL does not see that two expressions with parameters are equal."""
    return query if group is None else query.group_by(literal_column("code"))


async def count(session: AsyncSession, cohort: Cohort) -> int:
    """Return the number of appeals in a cohort."""
    found = await summed(session, rollup_query(session, cohort, ()), ("n",))
    if found is not None:
        return found.get((), (0,))[0]
    return (await session.execute(select(func.count()).select_from(fact).where(first_time(cohort)))).scalar_one()


async def count_by(session: AsyncSession, group: Group, cohort: Cohort) -> dict[str | None, int]:
    """Return the number of appeals in a cohort by code; None stands for appeals without a code."""
    found = await summed(session, rollup_query(session, cohort, (group,)), ("n",))
    if found is not None:
        return {code: number for (code,), (number,) in found.items()}
    code = coded(session, group, fact.c.received_on, fact)
    query = select(code, func.count().label("number")).where(first_time(cohort))
    if group in _INDEX_COLUMNS:
        steps = query.group_by(*(fact.c[name] for name in _INDEX_COLUMNS[group])).subquery()
        query = select(steps.c.code, func.sum(steps.c.number)).group_by(steps.c.code)
    else:
        query = split(group, query)
    rows = (await session.execute(query)).all()
    return {text_of(code): int(number) for code, number in rows}


def text_of(code: Any) -> str | None:
    """Return the text of a code; None stays None."""
    return None if code is None else str(code)


async def count_cells(session: AsyncSession, cohort: Cohort, *groups: Group) -> list[tuple[str, tuple[str | None, ...], int]]:
    """Return the number of appeals in a cohort by region and the codes of these groups."""
    found = await summed(session, rollup_query(session, cohort, (Group.REGION, *groups)), ("n",))
    if found is not None:
        return [(str(codes[0]), codes[1:], number) for codes, (number,) in found.items()]
    columns = [fact.c[group.value] for group in groups]
    query = select(fact.c.region, *columns, func.count()).where(first_time(cohort)).group_by(fact.c.region, *columns)
    return [(row[0], tuple(row[1:-1]), row[-1]) for row in (await session.execute(query)).all()]


async def self_served_count(session: AsyncSession, cohort: Cohort, group: Group | None) -> Tallies:
    """Return the number of questions that an article answered."""
    day = self_served.c.served_on
    query = select(coded(session, group, day, self_served), func.count()).where(*narrowed(day, self_served, cohort))
    rows = (await session.execute(split(group, query))).all()
    return {text_of(code): Tally(number, number) for code, number in rows}


async def call_totals(
    session: AsyncSession, cohort: Cohort, group: Group | None, *, in_time_seconds: int, short_seconds: int
) -> dict[str | None, CallTotals]:
    """Return the totals of calls by code, read once in a session.

    A call answered within `in_time_seconds` is in time; a caller who hangs up before `short_seconds` is counted separately.
    """
    key = ("call_totals", cohort, group, in_time_seconds, short_seconds)
    return await read_once(session, key, lambda: _call_totals(session, cohort, group, in_time_seconds, short_seconds))


async def _call_totals(
    session: AsyncSession, cohort: Cohort, group: Group | None, in_time_seconds: int, short_seconds: int
) -> dict[str | None, CallTotals]:
    answered, waited = call_fact.c.outcome == CallOutcome.ANSWERED, call_fact.c.waited_seconds
    abandoned = call_fact.c.outcome == CallOutcome.ABANDONED
    counted = (
        func.count(case((answered, 1))),
        func.count(case((and_(abandoned, waited >= short_seconds), 1))),
        func.count(case((and_(abandoned, waited < short_seconds), 1))),
        func.count(case((and_(answered, waited <= in_time_seconds), 1))),
        func.coalesce(func.sum(case((answered, waited))), 0),
        func.coalesce(func.sum(case((answered, call_fact.c.talked_seconds))), 0),
    )
    day = call_fact.c.offered_on
    query = select(coded(session, group, day, call_fact), *counted).where(*narrowed(day, call_fact, cohort))
    rows = (await session.execute(split(group, query))).all()
    return {text_of(code): CallTotals(*(int(number) for number in numbers)) for code, *numbers in rows}
