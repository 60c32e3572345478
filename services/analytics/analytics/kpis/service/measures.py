"""The measures of figures that are no counts of appeals: each is computed by one function from a cohort."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import CallTotals, Cohort
from analytics.kpis.policy import CountedKind, Measure, call_rules
from analytics.kpis.service.percentages import as_number, average, percent

Measured = tuple[int | float | None, int]
"""A value, and the number of calls, appeals or questions from which it is computed; None without any."""
Computation = Callable[[AsyncSession, Cohort], Awaitable[Measured]]


async def _score(session: AsyncSession, cohort: Cohort) -> Measured:
    total, number = await facts.scores(session, cohort.first, cohort.last, cohort.region, cohort.kind)
    return as_number(average(total, number)), number


async def _self_served(session: AsyncSession, cohort: Cohort) -> Measured:
    """Count questions that an article answered before they were filed: of the kind CONSULTATION, and of no other."""
    if cohort.kind not in {None, CountedKind.CONSULTATION}:
        return 0, 0
    number = await facts.self_served_count(session, cohort.first, cohort.last, cohort.region)
    return number, number


def _agreement(*, decision: str | None = None, language: str | None = None) -> Computation:
    """Return the computation of the share of classified appeals that the first person who worked on them left as they were."""

    async def compute(session: AsyncSession, cohort: Cohort) -> Measured:
        agreed, reviewed = await facts.agreement(session, cohort, decision, language)
        return as_number(percent(agreed, reviewed)), reviewed

    return compute


def _of_calls(value: Callable[[CallTotals], Measured]) -> Computation:
    """Return the computation of a value from the totals of the calls."""

    async def compute(session: AsyncSession, cohort: Cohort) -> Measured:
        rules = call_rules()
        seconds = {"in_time_seconds": rules.answered_within_seconds, "short_seconds": rules.short_abandon_seconds}
        return value(await facts.call_totals(session, cohort.first, cohort.last, cohort.region, **seconds))

    return compute


def _offered(calls: CallTotals) -> int:
    return calls.answered + calls.abandoned + calls.abandoned_short


def _in_time(calls: CallTotals) -> Measured:
    counted = calls.answered + calls.abandoned
    return as_number(percent(calls.answered_in_time, counted)), counted


COMPUTATIONS: Final[Mapping[Measure, Computation]] = {
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
