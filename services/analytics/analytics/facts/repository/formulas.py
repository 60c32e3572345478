"""Shares, averages, counts and percentiles of appeals: which appeals a figure is about, and what is counted of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import Dimension, fact
from analytics.facts.repository import sketch
from analytics.facts.repository.conditions import (
    IS_ANSWERED,
    IS_IN_TIME,
    IS_LATE,
    IS_OF_FIRST_TIER,
    IS_OURS,
    Epoch,
    answer_seconds,
    epoch_of,
    is_leaked,
    is_settled_at_once,
)
from analytics.facts.repository.figures import Tallies, coded, first_time, narrowed, split, text_of
from analytics.facts.repository.percentiles import percentiles
from analytics.facts.repository.rollups import rollup_query, summed
from analytics.facts.schemas import Cohort, Formula, FormulaRules, Group, ListedAppeal, Quantile, Tally
from shared.domain.taxonomy import taxonomy


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
        return Counted(and_(base, IS_OURS, IS_ANSWERED))
    if formula in _HELD:
        return Counted(and_(base, _HELD[formula] > 0), amount=_HELD[formula])
    n, part = _OF_ANSWERS[formula](rules, epoch_of(session))
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


def _is_past_due(rules: FormulaRules) -> ColumnElement[bool]:
    """Return whether an appeal is neither answered nor ended after the end of its statutory term."""
    ended = [code for code, status in taxonomy().statuses.items() if status.final]
    return and_(~IS_ANSWERED, fact.c.closed_at.is_(None), fact.c.due_at < rules.now, fact.c.status.not_in(ended))


def _in_time(rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    return and_(fact.c.due_at.is_not(None), or_(IS_ANSWERED, _is_past_due(rules))), IS_IN_TIME


def _overdue(rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    return None, or_(IS_LATE, _is_past_due(rules))


def _first_contact(_rules: FormulaRules, _epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    return IS_OURS, is_settled_at_once()


def _leaked(rules: FormulaRules, epoch: Epoch) -> tuple[ColumnElement[bool] | None, ColumnElement[bool]]:
    """Count answers of tier 1 that a complaint continues soon."""
    return and_(IS_ANSWERED, IS_OF_FIRST_TIER), is_leaked(epoch, rules.leakage_seconds)


_OF_ANSWERS: Final[Mapping[Formula, Callable[[FormulaRules, Epoch], tuple[ColumnElement[bool] | None, ColumnElement[bool]]]]] = {
    Formula.ANSWERED: lambda _rules, _epoch: (IS_OURS, IS_ANSWERED),
    Formula.IN_TIME: _in_time,
    Formula.OVERDUE: _overdue,
    Formula.EXTENDED: lambda _rules, _epoch: (None, fact.c.extended.is_(True)),
    Formula.REOPENED: lambda _rules, _epoch: (None, fact.c.reopened.is_(True)),
    Formula.FIRST_CONTACT: _first_contact,
    Formula.LEAKED: _leaked,
}


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
    stored = await _stored_tallies(session, cohort, formula, group, rules)
    if stored is not None:
        return stored
    found = counted(session, cohort, formula, rules)
    total = func.count(case((found.part, 1))) if found.part is not None else func.coalesce(func.sum(found.amount), 0)
    query = select(coded(session, group, fact.c.received_on, fact), total, func.count()).select_from(fact).where(found.n)
    rows = (await session.execute(split(group, query))).all()
    return {text_of(code): Tally(int(number), n) for code, number, n in rows}


_STORED: Final[Mapping[Formula, tuple[str, str]]] = {
    Formula.SCORE: ("score_n", "score"),
    **dict.fromkeys(_AGREEMENTS, ("reviewed", "agreed")),
    Formula.ANSWERED: ("ours", "answered"),
    Formula.IN_TIME: ("answered_due", "in_time"),
    Formula.OVERDUE: ("n", "late"),
    Formula.EXTENDED: ("n", "extended"),
    Formula.REOPENED: ("n", "reopened"),
    Formula.FIRST_CONTACT: ("ours", "first_contact"),
    Formula.LEAKED: ("answered_first_tier", "leaked"),
    **{formula: (f"{column.name}_n", column.name) for formula, column in _HELD.items()},
}
"""The measures of rollups that hold `n` and the total of a formula."""
_CODES: Final = {
    Formula.AGREEMENT_AUTO: (Dimension.DECISION, ["auto"]),
    Formula.AGREEMENT_SUGGEST: (Dimension.DECISION, ["suggest"]),
    Formula.AGREEMENT_TRIAGE: (Dimension.DECISION, ["triage"]),
    Formula.AGREEMENT_KK: (Dimension.LANGUAGE, ["kk"]),
    Formula.AGREEMENT_RU: (Dimension.LANGUAGE, ["ru"]),
}
_WAITING: Final = frozenset({Formula.IN_TIME, Formula.OVERDUE})
"""What these count of appeals without an answer changes with time alone, so that no rollup has it."""


async def _stored_tallies(
    session: AsyncSession, cohort: Cohort, formula: Formula, group: Group | None, rules: FormulaRules
) -> Tallies | None:
    """Return the tallies from rollups; None if they do not have them."""
    groups = () if group is None else (group,)
    asked = rollup_query(session, cohort, groups, _CODES.get(formula))
    leakage = rules.leakage_seconds if formula is Formula.LEAKED else None
    sums = await summed(session, asked, _STORED[formula], leakage)
    if sums is None:
        return None
    found = {(codes[0] if codes else None): Tally(total, n) for codes, (n, total) in sums.items() if n}
    if formula in _WAITING:
        for code, number in await _late_and_waiting(session, cohort, group, rules):
            before = found.get(code, Tally(0, 0))
            # Of a share they are in `n` alone; a count of appeals has them in both, and its `n` has them from the rollup.
            found[code] = Tally(before.total, before.n + number) if formula is Formula.IN_TIME else Tally(before.total + number, before.n)
    return found if group is not None else {None: found.get(None, Tally(0, 0))}


async def _late_and_waiting(
    session: AsyncSession, cohort: Cohort, group: Group | None, rules: FormulaRules
) -> list[tuple[str | None, int]]:
    """Return by code how many appeals are neither answered nor ended after the end of their term."""
    # Few at any time. SQLite, which does not know that, would look at every fact of the period (50 000: 90 ms).
    late = select(fact.c.appeal_id).where(_is_past_due(rules)).cte("late").prefix_with("MATERIALIZED", dialect="sqlite")
    is_late = fact.c.appeal_id.in_(select(late.c.appeal_id))
    query = select(coded(session, group, fact.c.received_on, fact), func.count()).where(first_time(cohort), is_late)
    rows = (await session.execute(split(group, query))).all()
    return [(text_of(code), number) for code, number in rows]


EXACT_ANSWERS: Final = 20_000  # answers in the period and region, of all kinds, up to which a percentile is computed from each of them


async def _sketched_times(session: AsyncSession, cohort: Cohort, group: Group | None, per_cent: int) -> dict[str | None, Quantile] | None:
    """Return percentiles from the classes of rollups; None if they do not have them, or if there are few answers."""
    whole = Cohort(cohort.first, cohort.last, cohort.region, with_protected=cohort.with_protected)
    answers = await summed(session, rollup_query(session, whole, ()), ("answered",))
    if answers is None or sum(number for (number,) in answers.values()) <= EXACT_ANSWERS:
        return None
    groups = () if group is None else (group,)
    sums = await summed(session, rollup_query(session, cohort, groups, (Dimension.ANSWER_TIME, None)), ("n",), by_code=True)
    if sums is None:
        return None
    classes: dict[str | None, dict[int, int]] = defaultdict(dict)
    for (*codes, number), (count,) in sums.items():
        classes[codes[0] if codes else None][int(str(number))] = count
    return {code: sketch.percentile(counts, per_cent) for code, counts in classes.items()}


async def answer_times(session: AsyncSession, cohort: Cohort, group: Group | None, per_cent: int) -> dict[str | None, Quantile]:
    """Return the percentile of the seconds from receipt to the first answer, by code.

    Of more than `EXACT_ANSWERS` answers in the period it is taken from the classes of rollups, which are at most 1/32 of their value wide.
    """
    sketched = await _sketched_times(session, cohort, group, per_cent)
    if sketched is not None:
        return sketched
    code = coded(session, group, fact.c.received_on, fact)
    seconds = answer_seconds(epoch_of(session)).label("seconds")
    return await percentiles(session, select(code, seconds).where(first_time(cohort), IS_OURS, IS_ANSWERED), per_cent)
