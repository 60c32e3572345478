"""Shares, averages, counts and percentiles of appeals: which appeals a figure is about, and what is counted of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, case, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import fact
from analytics.facts.repository.figures import Tallies, coded, first_time, narrowed, split, text_of
from analytics.facts.schemas import Cohort, Formula, FormulaRules, Group, ListedAppeal, Quantile, Tally
from shared.domain.taxonomy import LOWEST_TIER, taxonomy
from shared.rows import is_sqlite

_PER_CENT: Final = 100
Epoch = Callable[[ColumnElement[Any]], ColumnElement[int]]
"""Returns the whole seconds of a time column since 1970."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Which appeals a figure is about (`n`), and of them those that count (`part`) or the amount that is added up."""

    n: ColumnElement[bool]
    part: ColumnElement[bool] | None = None
    amount: ColumnElement[Any] | None = None


def counted(session: AsyncSession, cohort: Cohort, formula: Formula, rules: FormulaRules) -> Counted:
    """Return what a formula counts of a cohort. Ratings and agreement are of every appeal, all others of first-time ones."""
    everything = and_(*narrowed(fact.c.received_on, fact, cohort))
    if formula is Formula.SCORE:
        return Counted(and_(everything, fact.c.score.is_not(None)), amount=fact.c.score)
    if formula in _AGREEMENTS:
        return Counted(and_(everything, fact.c.agreed.is_not(None), *_AGREEMENTS[formula]), part=fact.c.agreed)
    base = first_time(cohort)
    if formula is Formula.ANSWER_TIME:
        return Counted(and_(base, _IS_OURS, _IS_ANSWERED))
    if formula in _HELD:
        return Counted(and_(base, _HELD[formula] > 0), amount=_HELD[formula])
    n, part = _OF_ANSWERS[formula](rules, partial(_epoch, is_sqlite=is_sqlite(session)))
    return Counted(base if n is None else and_(base, n), part=part)


_AGREEMENTS: Final[Mapping[Formula, list[ColumnElement[bool]]]] = {
    Formula.AGREEMENT: [],
    Formula.AGREEMENT_AUTO: [fact.c.decision == "auto"],
    Formula.AGREEMENT_SUGGEST: [fact.c.decision == "suggest"],
    Formula.AGREEMENT_TRIAGE: [fact.c.decision == "triage"],
    Formula.AGREEMENT_KK: [fact.c.language == "kk"],
    Formula.AGREEMENT_RU: [fact.c.language == "ru"],
}
_HELD: Final = {
    Formula.HELD_BY_FUND: fact.c.held_by_fund,
    Formula.HELD_BY_PROVIDER: fact.c.held_by_provider,
    Formula.HELD_BY_APPLICANT: fact.c.held_by_applicant,
}
_IS_ANSWERED: Final = fact.c.answered_at.is_not(None)
_IS_OURS: Final = fact.c.imported.is_(False)
"""An imported appeal says nothing of when it was answered."""


def _is_past_due(rules: FormulaRules) -> ColumnElement[bool]:
    """Return whether an appeal is neither answered nor ended after the end of its statutory term."""
    ended = [code for code, status in taxonomy().statuses.items() if status.final]
    return and_(~_IS_ANSWERED, fact.c.due_at < rules.now, fact.c.status.not_in(ended))


def _in_time(rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    return and_(fact.c.due_at.is_not(None), or_(_IS_ANSWERED, _is_past_due(rules))), fact.c.answered_at <= fact.c.due_at


def _overdue(rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    return None, or_(fact.c.answered_at > fact.c.due_at, _is_past_due(rules))


def _first_contact(_rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    """Count what was answered in the contact itself, was not reopened, and was not continued by another appeal."""
    later = fact.alias()
    continued = select(later.c.follows).where(later.c.follows.is_not(None))
    return _IS_OURS, and_(fact.c.answered_at == fact.c.registered_at, fact.c.reopened.is_(False), fact.c.appeal_id.not_in(continued))


def _leaked(rules: FormulaRules, epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    """Count answers of tier 1 that a complaint continues soon. An appeal that continues another one is about the same subject."""
    later = fact.alias()
    soon = epoch(later.c.received_at) - epoch(fact.c.answered_at) <= rules.leakage_seconds
    complaint = select(later.c.appeal_id).where(later.c.follows == fact.c.appeal_id, later.c.kind == "COMPLAINT", soon)
    return and_(_IS_ANSWERED, func.coalesce(fact.c.tier, LOWEST_TIER) == LOWEST_TIER), complaint.exists()


_OF_ANSWERS: Final[Mapping[Formula, Callable[[FormulaRules, Epoch], tuple[ColumnElement[bool] | None, ColumnElement[bool]]]]] = {
    Formula.ANSWERED: lambda _rules, _epoch: (_IS_OURS, _IS_ANSWERED),
    Formula.IN_TIME: _in_time,
    Formula.OVERDUE: _overdue,
    Formula.EXTENDED: lambda _rules, _epoch: (None, fact.c.extended.is_(True)),
    Formula.REOPENED: lambda _rules, _epoch: (None, fact.c.reopened.is_(True)),
    Formula.FIRST_CONTACT: _first_contact,
    Formula.LEAKED: _leaked,
}


def _epoch(column: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[int]:
    return sql_cast(func.unixepoch(column) if is_sqlite else func.floor(func.extract("epoch", column)), Integer)


def _listed(session: AsyncSession, cohort: Cohort, formula: Formula | None, rules: FormulaRules) -> ColumnElement[bool]:
    if formula is None:
        return first_time(cohort)
    found = counted(session, cohort, formula, rules)
    return found.n if found.part is None else and_(found.n, found.part)


async def listed_appeals(
    session: AsyncSession, cohort: Cohort, formula: Formula | None, rules: FormulaRules, after: tuple[date, UUID] | None, limit: int
) -> tuple[Sequence[ListedAppeal], int]:
    """Return a page of the appeals that a figure counts, latest first, and the number of all of them.

    Of a share those that count are listed, of an average those that it is computed from, and without a formula the cohort itself.
    `after` is the day and the id of the last appeal of the page before.
    """
    is_listed = _listed(session, cohort, formula, rules)
    total = (await session.execute(select(func.count()).select_from(fact).where(is_listed))).scalar_one()
    query = select(fact.c.appeal_id, fact.c.number, fact.c.received_on).where(is_listed)
    if after is not None:
        day, appeal_id = after
        query = query.where(or_(fact.c.received_on < day, and_(fact.c.received_on == day, fact.c.appeal_id < appeal_id)))
    query = query.order_by(fact.c.received_on.desc(), fact.c.appeal_id.desc()).limit(limit)
    return [ListedAppeal(*row) for row in (await session.execute(query)).all()], total


async def tallies(session: AsyncSession, cohort: Cohort, formula: Formula, group: Group | None, rules: FormulaRules) -> Tallies:
    """Return by code how many appeals a formula is about, and how many of them count or the sum of their amounts."""
    found = counted(session, cohort, formula, rules)
    total = func.count(case((found.part, 1))) if found.part is not None else func.coalesce(func.sum(found.amount), 0)
    query = select(coded(session, group, fact.c.received_on, fact), total, func.count()).select_from(fact).where(found.n)
    rows = (await session.execute(split(group, query))).all()
    return {text_of(code): Tally(int(number), n) for code, number, n in rows}


async def answer_times(session: AsyncSession, cohort: Cohort, group: Group | None, per_cent: int) -> dict[str | None, Quantile]:
    """Return the percentile of the seconds from receipt to the first answer, by code.

    Between two values it is interpolated as `percentile_cont` of PostgreSQL does; this query has the same result on both engines.
    """
    epoch = partial(_epoch, is_sqlite=is_sqlite(session))
    code = coded(session, group, fact.c.received_on, fact)
    seconds = (epoch(fact.c.answered_at) - epoch(fact.c.received_at)).label("seconds")
    times = select(code, seconds).where(first_time(cohort), _IS_OURS, _IS_ANSWERED).subquery()
    position = func.row_number().over(partition_by=times.c.code, order_by=times.c.seconds) - 1
    size = func.count().over(partition_by=times.c.code)
    ranked = select(times, position.label("position"), size.label("size")).subquery()
    # The percentile lies at `per_cent * (size - 1) / 100`: between the positions just below and above.
    is_near = and_(
        ranked.c.position * _PER_CENT > per_cent * (ranked.c.size - 1) - _PER_CENT,
        ranked.c.position * _PER_CENT < per_cent * (ranked.c.size - 1) + _PER_CENT,
    )
    query = select(ranked.c.code, ranked.c.size, ranked.c.position, ranked.c.seconds).where(is_near)
    found: dict[str | None, Quantile] = {}
    for row in (await session.execute(query)).all():
        weight = _PER_CENT - abs(row.position * _PER_CENT - per_cent * (row.size - 1))
        before = found.get(text_of(row.code), Quantile(0, row.size))
        found[text_of(row.code)] = Quantile(before.hundredths + weight * row.seconds, row.size)
    return found
