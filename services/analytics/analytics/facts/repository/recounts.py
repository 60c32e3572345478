"""Counting the cells of rollups from the facts.

`recounted` is the only definition of a cell: stored cells are written by it, and readers use it for days whose stored cells are out of
date. Consumers insert a row of `pending_recount` for every day and region that they change. A recount reads such rows, then deletes some
of them and counts their days in one transaction: what changes meanwhile inserts a row of its own and is counted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Delete,
    Insert,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import CELL, MEASURES, Dimension, fact, pending_recount, rollup_day, rollup_month, rollup_state
from analytics.facts.repository import sketch
from analytics.facts.repository.conditions import (
    IS_ANSWERED,
    IS_FIRST,
    IS_IN_TIME,
    IS_LATE,
    IS_OF_FIRST_TIER,
    IS_OURS,
    answer_seconds,
    epoch_on,
    is_leaked,
    is_settled_at_once,
)
from shared.database import among
from shared.rows import equals_any_of, is_sqlite, upsert, values_of_any

VERSION: Final = 1  # of the definitions below; another version counts all cells again
MOST_PENDING: Final = 20_000  # rows of `pending_recount` that are read at once; their parameters are fewer than SQLite's 32 766
_NOTHING: Final = literal_column("''", String)


class DayOfRegion(NamedTuple):
    """The unit of a recount."""

    region: str
    day: date


@cache  # the page of the figures asks for them a hundred times
def _measures(leakage_seconds: int, *, on_sqlite: bool) -> dict[str, ColumnElement[Any]]:
    """Return what a fact adds to each measure of its cells; NULL for nothing."""
    epoch = epoch_on(is_sqlite=on_sqlite)
    answered_first = and_(IS_FIRST, IS_ANSWERED, IS_OF_FIRST_TIER)
    conditions: dict[str, ColumnElement[bool]] = {
        "n": IS_FIRST,
        "ours": and_(IS_FIRST, IS_OURS),
        "answered": and_(IS_FIRST, IS_OURS, IS_ANSWERED),
        "answered_due": and_(IS_FIRST, IS_ANSWERED, fact.c.due_at.is_not(None)),
        "in_time": and_(IS_FIRST, IS_IN_TIME),
        "late": and_(IS_FIRST, IS_LATE),
        "extended": and_(IS_FIRST, fact.c.extended.is_(True)),
        "reopened": and_(IS_FIRST, fact.c.reopened.is_(True)),
        "first_contact": and_(IS_FIRST, IS_OURS, is_settled_at_once()),
        "answered_first_tier": answered_first,
        "leaked": and_(answered_first, is_leaked(epoch, leakage_seconds)),
        "everything": fact.c.appeal_id.is_not(None),
        "score_n": fact.c.score.is_not(None),
        "reviewed": fact.c.agreed.is_not(None),
        "agreed": fact.c.agreed.is_(True),
    }
    found: dict[str, ColumnElement[Any]] = {name: case((condition, 1)) for name, condition in conditions.items()}
    for name in ("held_by_fund", "held_by_provider", "held_by_applicant"):
        is_held = and_(IS_FIRST, fact.c[name] > 0)
        found |= {f"{name}_n": case((is_held, 1)), name: case((is_held, fact.c[name]))}
    return found | {"score": fact.c.score}


@cache
def _codes(*, on_sqlite: bool) -> dict[Dimension, ColumnElement[Any]]:
    """Return the code of a fact in each dimension."""
    own = (Dimension.CHANNEL, Dimension.CATEGORY, Dimension.TOPIC, Dimension.OUTCOME)
    plain: dict[Dimension, ColumnElement[Any]] = {each: fact.c[each.value] for each in own}
    plain |= {each: fact.c[each.value] for each in (Dimension.LANGUAGE, Dimension.PROOF, Dimension.DECISION)}
    as_text: dict[Dimension, ColumnElement[Any]] = {
        Dimension.TIER: fact.c.tier,
        Dimension.PROVIDER: fact.c.provider_id,
        Dimension.ENDED: fact.c.ended_on,
    }
    as_text[Dimension.ANSWER_TIME] = sketch.class_of(answer_seconds(epoch_on(is_sqlite=on_sqlite)))
    plain |= {each: sql_cast(column, String) for each, column in as_text.items()}
    return {Dimension.NONE: _NOTHING, **{each: func.coalesce(column, _NOTHING) for each, column in plain.items()}}


_COUNTED: Final[dict[Dimension, tuple[frozenset[str], str]]] = {
    Dimension.PROOF: (frozenset({"n"}), "proof"),
    Dimension.DECISION: (frozenset({"reviewed", "agreed"}), "decision"),
    Dimension.ANSWER_TIME: (frozenset({"n"}), "answered_at"),
    Dimension.ENDED: (frozenset({"everything"}), "ended_on"),
}
"""Dimensions of few measures, and the column that a fact needs to be in them."""


def measures_of(dimension: Dimension) -> frozenset[str]:
    """Return the measures that the cells of a dimension have."""
    return _COUNTED[dimension][0] if dimension in _COUNTED else frozenset(MEASURES)


def facts_of(
    is_wanted: ColumnElement[bool],
    leakage_seconds: int,
    dimensions: Iterable[Dimension] = tuple(Dimension),
    names: Iterable[str] = MEASURES,
    *,
    on_sqlite: bool,
) -> CTE:
    """Return some facts with their codes in some dimensions and some of their measures."""
    codes = [_codes(on_sqlite=on_sqlite)[dimension].label(f"code_{dimension}") for dimension in dimensions]
    measures = [_measures(leakage_seconds, on_sqlite=on_sqlite)[name].label(name) for name in names]
    kind = func.coalesce(fact.c.kind, _NOTHING).label("kind")
    is_answer = case((and_(IS_FIRST, IS_OURS, IS_ANSWERED), 1)).label("is_answer")
    columns = (fact.c.region, fact.c.received_on.label("first"), kind, fact.c.proof, fact.c.decision, fact.c.answered_at, fact.c.ended_on)
    return select(*columns, is_answer, *codes, *measures).where(is_wanted).cte("facts_of_days")


def recounted(facts: CTE, dimension: Dimension, names: Iterable[str] = MEASURES) -> Select[Any]:
    """Return the cells of a dimension with some of their measures, counted from `facts_of`."""
    counted, needed = _COUNTED.get(dimension, (frozenset(MEASURES), "first"))
    code = facts.c[f"code_{dimension}"]
    sums = [
        (func.nullif(func.sum(facts.c[name]), 0) if name in counted else literal_column("NULL", rollup_day.c[name].type)).label(name)
        for name in names
    ]
    cell = (facts.c.region, facts.c.first, facts.c.kind, code)
    query = select(literal_column(f"'{dimension}'", String).label("dimension"), *cell[:-1], code.label("code"), *sums)
    query = query.where(facts.c[needed].is_not(None))
    if dimension is Dimension.ANSWER_TIME:
        query = query.where(facts.c.is_answer.is_not(None))
    return query.group_by(*cell)


async def out_of_date(session: AsyncSession, limit: int) -> list[DayOfRegion]:
    """Return up to `limit` days of regions whose stored cells are out of date."""
    plain = select(pending_recount.c.region, pending_recount.c.received_on).where(pending_recount.c.received_on.is_not(None))
    joined = pending_recount.join(fact, fact.c.appeal_id == pending_recount.c.appeal_id)
    by_appeal = select(fact.c.region, fact.c.received_on).select_from(joined)
    return [DayOfRegion(*row) for row in (await session.execute(plain.union(by_appeal).limit(limit))).all()]


async def rollup_definitions(session: AsyncSession) -> tuple[int, int] | None:
    """Return the version and the seconds of leakage by which all cells were counted; None if none were."""
    row = (await session.execute(select(rollup_state.c.version, rollup_state.c.leakage_seconds))).one_or_none()
    return None if row is None else (row[0], row[1])


async def days_to_recount(session: AsyncSession, leakage_seconds: int, limit: int = MOST_PENDING) -> dict[DayOfRegion, list[int]]:
    """Return the days of regions that are out of date, with their rows of `pending_recount`, of which the oldest `limit` are read.

    After a change of definitions all days are out of date. Nothing is returned while another process counts.
    """
    wanted = {"id": 1, "version": VERSION, "leakage_seconds": leakage_seconds}
    await session.execute(upsert(session, rollup_state).on_conflict_do_nothing(), [wanted | {"version": 0}])
    counted_by = await _locked_definitions(session)
    if counted_by is None:
        return {}
    if counted_by != (VERSION, leakage_seconds):
        await recount_everything(session)
        await session.execute(rollup_state.update().values(version=VERSION, leakage_seconds=leakage_seconds))
    found: dict[DayOfRegion, list[int]] = {}
    unknown = []
    for number, region, day in await _pending(session, limit):
        if day is None:
            unknown.append(number)
        else:
            found.setdefault(DayOfRegion(region, day), []).append(number)
    await _remove(session, unknown)
    return dict(sorted(found.items()))


async def recount(session: AsyncSession, leakage_seconds: int, days: Mapping[DayOfRegion, Sequence[int]]) -> bool:
    """Count the cells of some `days_to_recount`. Return False while another process counts or the definitions are others.

    Days whose rows another process has removed meanwhile, because it has counted them, are not counted again.
    """
    if await _locked_definitions(session) != (VERSION, leakage_seconds):
        return False
    rows = [number for numbers in days.values() for number in numbers]
    if await _remove(session, rows):
        await _count_days(session, list(days), leakage_seconds)
        await _sum_months(session, sorted({DayOfRegion(day.region, day.day.replace(day=1)) for day in days}))
    return True


async def _locked_definitions(session: AsyncSession) -> tuple[int, int] | None:
    """Return `rollup_definitions`, which no other process can use for a recount until this transaction ends; None while one does."""
    row = (await session.execute(select(rollup_state).with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else (row.version, row.leakage_seconds)


async def _remove(session: AsyncSession, rows: Sequence[int]) -> bool:
    """Delete rows of `pending_recount`; return whether there were any."""
    is_wanted = among(session, pending_recount.c.id, rows)
    return bool((await session.execute(delete(pending_recount).where(is_wanted).returning(pending_recount.c.id))).all())


async def recount_everything(session: AsyncSession) -> None:
    """Declare the cells of all days out of date."""
    await session.execute(delete(pending_recount))
    days = select(fact.c.received_on, fact.c.region).distinct()
    await session.execute(insert(pending_recount).from_select(("received_on", "region"), days))


async def _pending(session: AsyncSession, limit: int) -> Sequence[tuple[int, str, date | None]]:
    """Return the oldest pending rows; without a day if their appeal is not stored yet, because it is counted when it comes."""
    waiting = select(pending_recount).order_by(pending_recount.c.id).limit(limit).subquery()
    day, region = func.coalesce(waiting.c.received_on, fact.c.received_on), func.coalesce(waiting.c.region, fact.c.region)
    query = select(waiting.c.id, region, sql_cast(day, Date) if not is_sqlite(session) else day)
    query = query.select_from(waiting.outerjoin(fact, fact.c.appeal_id == waiting.c.appeal_id))
    return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]


async def _count_days(session: AsyncSession, keys: Sequence[DayOfRegion], leakage_seconds: int) -> None:
    on_sqlite = is_sqlite(session)
    given = values_of_any("days", keys, on_sqlite=on_sqlite)
    for statement in _replacing_days(leakage_seconds, on_sqlite=on_sqlite):
        await session.execute(statement, given)


@cache  # building it takes longer than counting a quiet day
def _replacing_days(leakage_seconds: int, *, on_sqlite: bool) -> tuple[Delete, Insert]:
    """Return the statements that count the cells of the parameter `days` again."""
    is_old = equals_any_of((rollup_day.c.region, rollup_day.c.first), "days", on_sqlite=on_sqlite)
    remove = delete(rollup_day).where(rollup_day.c.dimension.in_(list(Dimension)), is_old)
    is_wanted = equals_any_of((fact.c.region, fact.c.received_on), "days", on_sqlite=on_sqlite)
    facts = facts_of(is_wanted, leakage_seconds, on_sqlite=on_sqlite)
    cells = union_all(*(recounted(facts, dimension) for dimension in Dimension))
    names = ("dimension", "region", "first", "kind", "code", *MEASURES)
    return remove, insert(rollup_day).from_select(names, cells)


async def _sum_months(session: AsyncSession, months: Sequence[DayOfRegion]) -> None:
    for region, month in months:
        following = (month + timedelta(days=31)).replace(day=1)
        for statement in _replacing_month(on_sqlite=is_sqlite(session)):
            await session.execute(statement, {"of_region": region, "month": month, "following": following})


@cache
def _replacing_month(*, on_sqlite: bool) -> tuple[Delete, Insert]:
    """Return the statements that sum the cells of the parameters `of_region` and `month`, up to `following`, again."""
    region, following = bindparam("of_region", type_=String), bindparam("following", type_=Date)
    month = bindparam("month", type_=Date)
    old, day = rollup_month.c, rollup_day.c
    remove = delete(rollup_month).where(old.dimension.in_(list(Dimension)), old.region == region, old.first == month)
    first = month if on_sqlite else sql_cast(month, Date)
    sums = [func.sum(day[name]).label(name) for name in MEASURES]
    query = select(day.dimension, day.region, first.label("first"), day.kind, day.code, *sums)
    query = query.where(day.dimension.in_(list(Dimension)), day.region == region, day.first >= month, day.first < following)
    query = query.group_by(day.dimension, day.region, day.kind, day.code)
    return remove, insert(rollup_month).from_select((*CELL, *MEASURES), query)
