"""How a figure is made: counted, split, compared, and cut down to what the visitor may see."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from analytics import repository
from analytics.access import View
from analytics.definitions import Kpi, call_rules
from analytics.percentages import average, change_percent, percent
from analytics.periods import Period
from analytics.public import UNSPECIFIED, PublicFigures, part_code, require_public
from analytics.repository import Cohort
from analytics.schemas import Comparison, Figure, Part
from shared.clock import Clock
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy

_UNSPECIFIED_LABEL = Label("Көрсетілмеген", "Не указано", "Not specified")
_UNFINISHED_LABEL = Label("Әлі аяқталмаған", "Ещё не завершено", "Not finished yet")  # an appeal without an outcome


@dataclass(frozen=True, slots=True)
class Question:
    """What a figure is asked for. `kind` narrows its cohort further."""

    period: Period
    region: str | None = None
    compare: bool = False
    kind: str | None = None


async def figure(session: AsyncSession, kpi: Kpi, question: Question, view: View, public: PublicFigures) -> Figure:
    """The figure as this visitor may see it.

    `view` is of the question's region. Raises PeriodNotPublic in the public view for a period that is not public.
    """
    clock = public.clock
    region = view.region(question.region)
    if view.public:
        return await _public(session, kpi, replace(question, region=region), public)
    if kpi.measure is not None:
        return await _measured(session, kpi, replace(question, region=region), clock=clock)
    base = Cohort(question.period, region, question.kind or kpi.kind)
    counted = replace(base, outcome=kpi.outcome)
    parts = await _parts(session, kpi.group, counted) if kpi.group else {}
    value = sum(parts.values()) if kpi.group else await repository.count(session, counted)
    size = value if kpi.outcome is None else await repository.count(session, base)
    return Figure(
        id=kpi.id,
        first=question.period.first,
        last=question.period.last,
        region=region,
        as_of=await repository.applied_until(session) or clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=value,
        n=size,
        suppressed=False,
        parts=await _shown(session, kpi.group, parts, value) if kpi.group else [],
        comparison=await _comparison(session, counted, value) if question.compare else None,
    )


async def _public(session: AsyncSession, kpi: Kpi, question: Question, public: PublicFigures) -> Figure:
    """A figure for everybody. A public figure counts appeals, so that its cohort is its value."""
    require_public(question.period, question.region, public.clock.now())
    found = await public.figure(session, kpi, question.period, question.region)
    comparison = None
    if question.compare:
        before = question.period.year_before()
        base = (await public.figure(session, kpi, before, question.region)).value
        comparison = _compared(before, found.value, base)
    return Figure(
        id=kpi.id,
        first=question.period.first,
        last=question.period.last,
        region=question.region,
        as_of=await repository.applied_until(session) or public.clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=found.value,
        n=found.value,
        suppressed=found.value is None,
        parts=await _shown(session, kpi.group, found.parts, found.value or 0) if kpi.group and found.parts else [],
        comparison=comparison,
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
        found[part_code(group, code)] += number
    return found


async def _shown(session: AsyncSession, group: str, parts: Mapping[str, int | None], whole: int) -> list[Part]:
    """The parts, each with its share of the whole, greatest first, the hidden ones (None) after the others and UNSPECIFIED last."""
    labels = await _labels(session, group, parts)

    def order(item: tuple[str, int | None]) -> tuple[bool, bool, int, str]:
        code, number = item
        return code == UNSPECIFIED, number is None, -(number or 0), code

    return [
        Part(
            code=code,
            value=number,
            share=None if number is None else _number(percent(number, whole)),
            suppressed=number is None,
            **labels.get(code, Label(code, code, code)).as_dict(),
        )
        for code, number in sorted(parts.items(), key=order)
    ]


async def _labels(session: AsyncSession, group: str, codes: Mapping[str, object]) -> Mapping[str, Label]:
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


async def _comparison(session: AsyncSession, cohort: Cohort, value: int) -> Comparison:
    period = cohort.period.year_before()
    return _compared(period, value, await repository.count(session, replace(cohort, period=period)))


def _compared(period: Period, value: int | None, base: int | None) -> Comparison:
    """The comparison with `base`; None is hidden, and so is a change that would show one of the two."""
    change = None if value is None or base is None else value - base
    return Comparison(
        first=period.first,
        last=period.last,
        value=base,
        change=change,
        change_percent=None if value is None or base is None else _number(change_percent(value, base)),
        suppressed=base is None,
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
