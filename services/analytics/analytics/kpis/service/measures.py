"""The measures of figures that are no counts of appeals: each is computed by one function from a cohort."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import CallTotals, Cohort
from analytics.kpis.service.percentages import as_number, average, percent
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_rows


class Unit(StrEnum):
    """The units of figures."""

    APPEALS = "appeals"
    CALLS = "calls"
    SECONDS = "seconds"
    PERCENT = "percent"
    SCORE = "score"


class Measure(StrEnum):
    """What is measured of calls, or of appeals (`OF_APPEALS`)."""

    OFFERED = "OFFERED"
    ANSWERED = "ANSWERED"
    ABANDONED = "ABANDONED"
    ABANDONED_SHORT = "ABANDONED_SHORT"
    WAITING = "WAITING"
    HANDLING = "HANDLING"
    IN_TIME = "IN_TIME"
    SCORE = "SCORE"


OF_APPEALS: Final = frozenset({Measure.SCORE})
Measured = tuple[int | float | None, int]
"""A value, and the number of calls or appeals from which it is computed; None without any."""
Computation = Callable[[AsyncSession, Cohort], Awaitable[Measured]]


@dataclass(frozen=True, slots=True)
class CallRules:
    """A call answered within `answered_within_seconds` is in time; one abandoned before `short_abandon_seconds` is counted separately."""

    answered_within_seconds: int
    short_abandon_seconds: int


@cache
def call_rules() -> CallRules:
    """Return the rules of the telephone centre. Raises ReferenceDataError for a missing or wrong rule."""
    rules = {row.text("rule"): row.number_in("value", 0, 3600) for row in policy_rows("analytics.kpis", "calls.csv")}
    if rules.keys() != set(CallRules.__dataclass_fields__):
        raise ReferenceDataError("calls.csv", 1, "the rules are not those that the figures need")
    return CallRules(**rules)


async def _score(session: AsyncSession, cohort: Cohort) -> Measured:
    total, number = await facts.scores(session, cohort.first, cohort.last, cohort.region, cohort.kind)
    return as_number(average(total, number)), number


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
}
