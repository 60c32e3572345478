"""The measures of figures: each is computed by one function from a cohort, whole or split by a group."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import CallTotals, Cohort, Group, Tally
from analytics.kpis.policy import Kpi, Measure, call_rules
from analytics.kpis.service.percentages import as_number, average, percent


class Measured(NamedTuple):
    """A value, and the number of calls, appeals or questions from which it is computed; None without any."""

    value: int | float | None
    n: int


Computation = Callable[[AsyncSession, Cohort, Group | None], Awaitable[Mapping[str | None, Measured]]]
"""Returns the measured values by code; without a group the only one is that of None."""


def _ratio(tallies: Mapping[str | None, Tally], ratio: Callable[[int, int], Decimal | None]) -> dict[str | None, Measured]:
    return {code: Measured(as_number(ratio(tally.total, tally.n)), tally.n) for code, tally in tallies.items()}


async def _score(session: AsyncSession, cohort: Cohort, group: Group | None) -> Mapping[str | None, Measured]:
    return _ratio(await facts.scores(session, cohort, group), average)


async def _self_served(session: AsyncSession, cohort: Cohort, group: Group | None) -> Mapping[str | None, Measured]:
    """Count questions that an article answered before they were filed."""
    return {code: Measured(tally.total, tally.n) for code, tally in (await facts.self_served_count(session, cohort, group)).items()}


def _agreement(*, decision: str | None = None, language: str | None = None) -> Computation:
    """Return the computation of the share of classified appeals that the first person who worked on them left as they were."""

    async def compute(session: AsyncSession, cohort: Cohort, group: Group | None) -> Mapping[str | None, Measured]:
        return _ratio(await facts.agreement(session, cohort, group, decision, language), percent)

    return compute


def _of_calls(value: Callable[[CallTotals], tuple[int | float | None, int]]) -> Computation:
    """Return the computation of a value from the totals of the calls."""

    async def compute(session: AsyncSession, cohort: Cohort, group: Group | None) -> Mapping[str | None, Measured]:
        rules = call_rules()
        seconds = {"in_time_seconds": rules.answered_within_seconds, "short_seconds": rules.short_abandon_seconds}
        totals = await facts.call_totals(session, cohort, group, **seconds)
        return {code: Measured(*value(each)) for code, each in totals.items()}

    return compute


def _offered(calls: CallTotals) -> int:
    return calls.answered + calls.abandoned + calls.abandoned_short


def _in_time(calls: CallTotals) -> tuple[float | None, int]:
    counted = calls.answered + calls.abandoned
    return as_number(percent(calls.answered_in_time, counted)), counted


_COMPUTATIONS: Final[Mapping[Measure, Computation]] = {
    Measure.OFFERED: _of_calls(lambda calls: (_offered(calls), _offered(calls))),
    Measure.ANSWERED: _of_calls(lambda calls: (calls.answered, _offered(calls))),
    Measure.ABANDONED: _of_calls(lambda calls: (calls.abandoned, _offered(calls))),
    Measure.ABANDONED_SHORT: _of_calls(lambda calls: (calls.abandoned_short, _offered(calls))),
    Measure.WAITING: _of_calls(lambda calls: (as_number(average(calls.waited, calls.answered)), calls.answered)),
    Measure.HANDLING: _of_calls(lambda calls: (as_number(average(calls.talked, calls.answered)), calls.answered)),
    Measure.IN_TIME: _of_calls(_in_time),
    Measure.SCORE: _score,
    Measure.SELF_SERVED: _self_served,
    Measure.AGREEMENT: _agreement(),
    Measure.AGREEMENT_AUTO: _agreement(decision="auto"),
    Measure.AGREEMENT_SUGGEST: _agreement(decision="suggest"),
    Measure.AGREEMENT_TRIAGE: _agreement(decision="triage"),
    Measure.AGREEMENT_KK: _agreement(language="kk"),
    Measure.AGREEMENT_RU: _agreement(language="ru"),
}


async def measured(session: AsyncSession, kpi: Kpi, cohort: Cohort, group: Group | None = None) -> Mapping[str | None, Measured]:
    """Return the values of a figure by code; without a group the only one is that of None."""
    if kpi.measure is not None:
        return await _COMPUTATIONS[kpi.measure](session, cohort, group)
    counted = replace(cohort, outcome=kpi.outcome, proofs=kpi.proofs)
    if group is None:
        number = await facts.count(session, counted)
        return {None: Measured(number, number if counted == cohort else await facts.count(session, cohort))}
    numbers = await facts.count_by(session, group, counted)
    sizes = numbers if counted == cohort else await facts.count_by(session, group, cohort)
    return {code: Measured(numbers.get(code, 0), size) for code, size in sizes.items()}
