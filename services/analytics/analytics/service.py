"""How a figure is made: counted, split, compared, and cut down to what the visitor may see."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from analytics import repository
from analytics.access import View
from analytics.definitions import Kpi, call_rules, publication
from analytics.percentages import average, change_percent, percent
from analytics.periods import Period
from analytics.repository import Cohort
from analytics.schemas import Comparison, Figure, Part
from analytics.suppression import is_small, suppressed
from shared.clock import Clock
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy

UNSPECIFIED = "UNSPECIFIED"
_UNSPECIFIED_LABEL = Label("Көрсетілмеген", "Не указано", "Not specified")
_UNFINISHED_LABEL = Label("Әлі аяқталмаған", "Ещё не завершено", "Not finished yet")  # an appeal without an outcome


@dataclass(frozen=True, slots=True)
class Question:
    """What a figure is asked for. `kind` narrows its cohort further."""

    period: Period
    region: str | None = None
    compare: bool = False
    kind: str | None = None


async def figure(session: AsyncSession, kpi: Kpi, question: Question, view: View, *, clock: Clock) -> Figure:
    """The figure as this visitor may see it: `view` is of the question's region."""
    region = view.region(question.region)
    if kpi.measure is not None:
        return await _measured(session, kpi, replace(question, region=region), clock=clock)
    base = Cohort(question.period, region, question.kind or kpi.kind)
    counted = replace(base, outcome=kpi.outcome)
    parts = await _parts(session, kpi.group, counted) if kpi.group else {}
    value = sum(parts.values()) if kpi.group else await repository.count(session, counted)
    hidden = view.public and is_small(value, publication().smallest_cell)
    size = value if kpi.outcome is None else await repository.count(session, base)
    return Figure(
        id=kpi.id,
        first=question.period.first,
        last=question.period.last,
        region=region,
        as_of=await repository.applied_until(session) or clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=None if hidden else value,
        n=None if hidden else size,
        suppressed=hidden,
        parts=[] if hidden or not kpi.group else await _shown(session, kpi.group, parts, view),
        comparison=await _comparison(session, counted, value, view) if question.compare else None,
    )


async def _measured(session: AsyncSession, kpi: Kpi, question: Question, *, clock: Clock) -> Figure:
    """A figure of calls or ratings: it has no parts and is never public."""
    value, size = await _measure(session, kpi, question)
    comparison = None
    if question.compare:
        before = replace(question, period=question.period.year_before())
        base, _ = await _measure(session, kpi, before)
        change = None if value is None or base is None else Decimal(str(value)) - Decimal(str(base))
        comparison = Comparison(
            first=before.period.first,
            last=before.period.last,
            value=base,
            change=None if change is None else int(change) if isinstance(value, int) else float(change),
            change_percent=_number(change_percent(value, base)) if isinstance(value, int) and isinstance(base, int) else None,
            suppressed=False,
        )
    return Figure(
        id=kpi.id,
        first=question.period.first,
        last=question.period.last,
        region=question.region,
        as_of=await repository.applied_until(session) or clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=value,
        n=size,
        suppressed=False,
        parts=[],
        comparison=comparison,
    )


async def _measure(session: AsyncSession, kpi: Kpi, question: Question) -> tuple[int | float | None, int]:
    """The value, and the number of calls or ratings it is taken from."""
    if kpi.measure == "SCORE":
        total, number = await repository.scores(session, question.period, question.region, question.kind or kpi.kind)
        return _number(average(total, number)), number
    rules = call_rules()
    calls = await repository.calls(
        session, question.period, question.region, in_time=rules.answered_within_seconds, at_once=rules.short_abandon_seconds
    )
    offered = calls.answered + calls.abandoned + calls.abandoned_at_once
    waited_for = calls.answered + calls.abandoned
    found: Mapping[str, tuple[int | float | None, int]] = {
        "OFFERED": (offered, offered),
        "ANSWERED": (calls.answered, offered),
        "ABANDONED": (calls.abandoned, offered),
        "ABANDONED_SHORT": (calls.abandoned_at_once, offered),
        "WAITING": (_number(average(calls.waited, calls.answered)), calls.answered),
        "HANDLING": (_number(average(calls.talked, calls.answered)), calls.answered),
        "IN_TIME": (_number(percent(calls.answered_in_time, waited_for)), waited_for),
    }
    return found[kpi.measure or ""]


async def _parts(session: AsyncSession, group: str, cohort: Cohort) -> Mapping[str, int]:
    """Numbers by code, categories under their parent, what has no code under UNSPECIFIED; they add up to the cohort."""
    found: Counter[str] = Counter()
    for code, number in (await repository.count_by(session, group, cohort)).items():
        found[_part_code(group, code)] += number
    return found


def _part_code(group: str, code: str | None) -> str:
    if code is None:
        return UNSPECIFIED
    return taxonomy().root_category(code) if group == "category" and code in taxonomy().categories else code


async def _shown(session: AsyncSession, group: str, parts: Mapping[str, int], view: View) -> list[Part]:
    """The parts, greatest first and UNSPECIFIED last; publicly the small ones without their numbers and after the others."""
    whole = sum(parts.values())
    labels = await _labels(session, group, parts)
    hidden = suppressed(parts, publication().smallest_cell) if view.public else frozenset()

    def order(item: tuple[str, int]) -> tuple[bool, bool, int, str]:
        code, number = item
        return code == UNSPECIFIED, code in hidden, 0 if code in hidden else -number, code

    return [
        Part(
            code=code,
            value=None if code in hidden else number,
            share=None if code in hidden else _number(percent(number, whole)),
            suppressed=code in hidden,
            **labels.get(code, Label(code, code, code)).as_dict(),
        )
        for code, number in sorted(parts.items(), key=order)
    ]


async def _labels(session: AsyncSession, group: str, codes: Mapping[str, int]) -> Mapping[str, Label]:
    known = taxonomy()
    none = {UNSPECIFIED: _UNFINISHED_LABEL if group == "outcome" else _UNSPECIFIED_LABEL}
    if group == "provider":
        return none | await repository.provider_names(session, [code for code in codes if code != UNSPECIFIED])
    if group == "region":
        return none | {code: region.label for code, region in regions().items()}
    if group == "tier":
        return none | {str(number): tier.label for number, tier in known.tiers.items()}
    tables = {
        "channel": known.channels,
        "kind": known.kinds,
        "category": known.categories,
        "topic": known.topics,
        "outcome": known.outcomes,
    }
    return none | {code: entry.label for code, entry in tables[group].items()}


async def _comparison(session: AsyncSession, cohort: Cohort, value: int, view: View) -> Comparison:
    period = cohort.period.year_before()
    base = await repository.count(session, replace(cohort, period=period))
    smallest = publication().smallest_cell
    hidden = view.public and is_small(base, smallest)
    untold = hidden or (view.public and is_small(value, smallest))  # a change would tell the hidden one of the two
    return Comparison(
        first=period.first,
        last=period.last,
        value=None if hidden else base,
        change=None if untold else value - base,
        change_percent=None if untold else _number(change_percent(value, base)),
        suppressed=hidden,
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
