"""The measures of figures: each is computed by one function from a cohort, whole or split by a group."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import TIMES, CallTotals, Cohort, CohortFilters, Formula, FormulaRules, Group, Quantile, Tally
from analytics.kpis.policy import DIVIDED_BY, Kpi, Measure, People, Unit, ageing, call_rules, leakage_days, people_of
from analytics.kpis.service.percentages import as_number, average, percent
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.unit_of_work import UnitOfWork

COUNTS: Final = frozenset({Unit.APPEALS, Unit.CALLS, Unit.QUESTIONS, Unit.INQUIRIES})
"""The units of figures whose parts add up to the whole."""


class Measured(NamedTuple):
    """A value, and the number of calls, appeals or questions from which it is computed; None without any, or if they are too few."""

    value: int | float | None
    n: int

    @property
    def is_suppressed(self) -> bool:
        """Return whether the value is hidden, because it is computed from too few."""
        return self.value is None and self.n > 0


PEOPLE: Final = 10_000
Quantiles = Mapping[str | None, Quantile]
Parts = Mapping[str | None, Measured]
"""Measured values by code; without a group the only one is that of None."""
Computation = Callable[[UnitOfWork, Cohort, Group | None], Awaitable[Parts]]


async def _of_formula(work: UnitOfWork, kpi: Kpi, formula: Formula, cohort: Cohort, group: Group | None) -> Parts:
    found = await facts.tallies(work.session, cohort, formula, group, formula_rules(work))
    if kpi.unit in COUNTS:
        return {code: Measured(tally.total, tally.n) for code, tally in found.items()}
    ratio = percent if kpi.unit is Unit.PERCENT else average
    return {code: Measured(as_number(ratio(tally.total, tally.n)), tally.n) for code, tally in found.items()}


def formula_rules(work: UnitOfWork) -> FormulaRules:
    """Return the present and the rules of the policy."""
    return FormulaRules(work.clock.now(), leakage_seconds())


def leakage_seconds() -> int:
    """Return how soon a complaint after an answer of tier 1 counts as leakage."""
    return int(timedelta(days=leakage_days()).total_seconds())


async def _self_served(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    """Count questions that an article answered before they were filed."""
    found = await facts.self_served_count(work.session, cohort, group)
    return {code: Measured(tally.total, tally.n) for code, tally in found.items()}


def _of_calls(value: Callable[[CallTotals], tuple[int | float | None, int]]) -> Computation:
    """Return the computation of a value from the totals of the calls."""

    async def compute(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
        rules = call_rules()
        seconds = {"in_time_seconds": rules.answered_within_seconds, "short_seconds": rules.short_abandon_seconds}
        totals = await facts.call_totals(work.session, cohort, group, **seconds)
        return {code: Measured(*value(each)) for code, each in totals.items()}

    return compute


def _offered(calls: CallTotals) -> int:
    return calls.answered + calls.abandoned + calls.abandoned_short


def _in_time(calls: CallTotals) -> tuple[float | None, int]:
    counted = calls.answered + calls.abandoned
    return as_number(percent(calls.answered_in_time, counted)), counted


def _percentile(measure: Callable[[AsyncSession, Cohort, Group | None, int], Awaitable[Quantiles]], per_cent: int) -> Computation:
    """Return the computation of a percentile of times."""

    async def compute(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
        found = await measure(work.session, cohort, group, per_cent)
        if group is None and not found:
            return {None: Measured(None, 0)}
        return {code: Measured(as_number(average(each.hundredths, 100)), each.n) for code, each in found.items()}

    return compute


async def _overdue_inquiries(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    found = await facts.overdue_inquiries(work.session, cohort, group, work.clock.now())
    return {code: Measured(tally.total, tally.n) for code, tally in found.items()}


def _shares(found: Mapping[str | None, Tally]) -> Parts:
    return {code: Measured(as_number(percent(tally.total, tally.n)), tally.n) for code, tally in found.items()}


async def _lawful_refusals(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    return _shares(await facts.lawful_refusals(work.session, cohort, group))


async def _fulfilled_commitments(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    today = work.clock.now().astimezone(regions()[CENTRAL_OFFICE].timezone).date()
    return _shares(await facts.fulfilled_commitments(work.session, cohort, group, today))


async def _per_10000(counted: People, work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    """Divide counts by the people of the region. All regions together have a value only if the people of each are known."""
    numbers = {None: await facts.count(work.session, cohort)} if group is None else await facts.count_by(work.session, group, cohort)
    whole = {
        code: people_of(code, counted, cohort.last) for code in ([cohort.region] if cohort.region else regions()) if code != CENTRAL_OFFICE
    }
    everybody = sum(people or 0 for people in whole.values()) if all(whole.values()) else None
    found = {}
    for code, number in numbers.items():
        people = whole.get(str(code)) if group is Group.REGION else everybody
        found[code] = Measured(as_number(average(PEOPLE * number, people)) if people else None, number)
    return found


async def _backlog(work: UnitOfWork, cohort: Cohort, group: Group | None) -> Parts:
    """Count the appeals that wait at the end of the period, or of each part of it."""
    session, cohort = work.session, replace(cohort, filters=CohortFilters(kind=cohort.filters.kind))
    found: dict[str | None, int]
    if group is Group.AGE:
        numbers = await facts.waiting_by_age(session, cohort, [(span.youngest, span.oldest) for span in ageing()])
        found = {span.code: number for span, number in zip(ageing(), numbers, strict=True)}
    elif group is not None and group in TIMES:
        found = {facts.time_code(group, day): number for day, number in (await facts.waiting_by_day(session, cohort)).items()}
    else:
        found = {None: 0} if group is None else {}
        found |= await facts.waiting_at_end(session, cohort, by_region=group is Group.REGION)
    return {code: Measured(number, number) for code, number in found.items()}


_COMPUTATIONS: Final[Mapping[Measure, Computation]] = {
    Measure.OFFERED: _of_calls(lambda calls: (_offered(calls), _offered(calls))),
    Measure.ANSWERED_CALLS: _of_calls(lambda calls: (calls.answered, _offered(calls))),
    Measure.ABANDONED: _of_calls(lambda calls: (calls.abandoned, _offered(calls))),
    Measure.ABANDONED_SHORT: _of_calls(lambda calls: (calls.abandoned_short, _offered(calls))),
    Measure.WAITING: _of_calls(lambda calls: (as_number(average(calls.waited, calls.answered)), calls.answered)),
    Measure.HANDLING: _of_calls(lambda calls: (as_number(average(calls.talked, calls.answered)), calls.answered)),
    Measure.ANSWERED_SOON: _of_calls(_in_time),
    Measure.SELF_SERVED: _self_served,
    Measure.ANSWER_TIME_MEDIAN: _percentile(facts.answer_times, 50),
    Measure.ANSWER_TIME_P90: _percentile(facts.answer_times, 90),
    **{measure: partial(_per_10000, people) for measure, people in DIVIDED_BY.items()},
    Measure.BACKLOG: _backlog,
    Measure.REPLY_TIME_MEDIAN: _percentile(facts.reply_times, 50),
    Measure.REPLY_TIME_P90: _percentile(facts.reply_times, 90),
    Measure.INQUIRIES_OVERDUE: _overdue_inquiries,
    Measure.REFUSALS_LAWFUL: _lawful_refusals,
    Measure.COMMITMENTS_FULFILLED: _fulfilled_commitments,
}


async def measured(work: UnitOfWork, kpi: Kpi, cohort: Cohort, group: Group | None = None) -> Parts:
    """Return the values of a figure by code; without a group the only one is that of None.

    A share, average or percentile of fewer than `minimum_n` is None.
    """
    if kpi.measure is None:
        return await _counted(work.session, kpi, cohort, group)
    if isinstance(kpi.measure, Formula):
        found = await _of_formula(work, kpi, kpi.measure, cohort, group)
    else:
        found = await _COMPUTATIONS[kpi.measure](work, cohort, group)
    if kpi.unit in COUNTS:
        return found
    return {code: part if part.n >= kpi.minimum_n else Measured(None, part.n) for code, part in found.items()}


async def _counted(session: AsyncSession, kpi: Kpi, cohort: Cohort, group: Group | None) -> Parts:
    counted = replace(cohort, outcome=kpi.outcome, proofs=kpi.proofs)
    if group is None:
        number = await facts.count(session, counted)
        return {None: Measured(number, number if counted == cohort else await facts.count(session, cohort))}
    numbers = await facts.count_by(session, group, counted)
    sizes = numbers if counted == cohort else await facts.count_by(session, group, cohort)
    return {code: Measured(numbers.get(code, 0), size) for code, size in sizes.items()}
