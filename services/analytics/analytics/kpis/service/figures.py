"""Computing a figure: counted, split, compared, and reduced to what the visitor may see."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import Cohort, Group
from analytics.kpis.policy import Kpi, Measure
from analytics.kpis.schemas import Comparison, Figure, Part
from analytics.kpis.service.access import View
from analytics.kpis.service.measures import COMPUTATIONS
from analytics.kpis.service.percentages import as_number, change_percent, percent
from analytics.kpis.service.periods import Period
from analytics.kpis.service.public_figures import UNSPECIFIED, PublicFigures, part_code, require_public
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork

_UNSPECIFIED_LABEL = Label("Көрсетілмеген", "Не указано", "Not specified")
_UNFINISHED_LABEL = Label("Әлі аяқталмаған", "Ещё не завершено", "Not finished yet")  # an appeal without an outcome


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """The period and region of a figure. `kind` narrows its cohort further, `compare` adds the comparison with the year before."""

    period: Period
    region: str | None = None
    compare: bool = False
    kind: str | None = None


async def figure(work: UnitOfWork, kpi: Kpi, request: FigureRequest, view: View, public: PublicFigures) -> Figure:
    """Return the figure as this visitor may see it. `view` is the visitor's view of the requested region.

    Raises PeriodNotPublic in the public view for a period that is not public.
    """
    session = work.session
    region = view.region(request.region)
    if view.public:
        return await _public(work, kpi, replace(request, region=region), public)
    if kpi.measure is not None:
        return await _measured(work, kpi, kpi.measure, replace(request, region=region))
    base = Cohort(request.period.first, request.period.last, region, request.kind or kpi.kind)
    counted = replace(base, outcome=kpi.outcome, proofs=kpi.proofs)
    parts = await _parts(session, kpi.group, counted) if kpi.group else {}
    value = sum(parts.values()) if kpi.group else await facts.count(session, counted)
    size = value if kpi.outcome is None and not kpi.proofs else await facts.count(session, base)
    return Figure(
        id=kpi.id,
        first=request.period.first,
        last=request.period.last,
        region=region,
        as_of=await facts.applied_until(work.session) or work.clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=value,
        n=size,
        suppressed=False,
        parts=await _shown(session, kpi.group, parts, value) if kpi.group else [],
        comparison=await _comparison(session, counted, request.period, value) if request.compare else None,
    )


async def _public(work: UnitOfWork, kpi: Kpi, request: FigureRequest, public: PublicFigures) -> Figure:
    """Return a public figure. It counts appeals, so the size of its cohort is its value."""
    require_public(request.period, request.region, work.clock.now())
    found = await public.figure(work, kpi, request.period, request.region)
    comparison = None
    if request.compare:
        before = request.period.year_before()
        base = (await public.figure(work, kpi, before, request.region)).value
        comparison = _compared(before, found.value, base)
    return Figure(
        id=kpi.id,
        first=request.period.first,
        last=request.period.last,
        region=request.region,
        as_of=await facts.applied_until(work.session) or work.clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=found.value,
        n=found.value,
        suppressed=found.value is None,
        parts=await _shown(work.session, kpi.group, found.parts, found.value or 0) if kpi.group and found.parts else [],
        comparison=comparison,
    )


async def _measured(work: UnitOfWork, kpi: Kpi, measure: Measure, request: FigureRequest) -> Figure:
    """Return a figure of calls, ratings or self-service, which has no parts and is never public."""
    cohort = Cohort(request.period.first, request.period.last, request.region, request.kind or kpi.kind)
    value, size = await COMPUTATIONS[measure](work.session, cohort)
    comparison = None
    if request.compare:
        before = request.period.year_before()
        base, _ = await COMPUTATIONS[measure](work.session, replace(cohort, first=before.first, last=before.last))
        change = None if value is None or base is None else Decimal(str(value)) - Decimal(str(base))
        comparison = Comparison(
            first=before.first,
            last=before.last,
            value=base,
            change=None if change is None else int(change) if isinstance(value, int) else float(change),
            change_percent=as_number(change_percent(value, base)) if isinstance(value, int) and isinstance(base, int) else None,
            suppressed=False,
        )
    return Figure(
        id=kpi.id,
        first=request.period.first,
        last=request.period.last,
        region=request.region,
        as_of=await facts.applied_until(work.session) or work.clock.now(),
        metric_version=kpi.metric_version,
        unit=kpi.unit,
        value=value,
        n=size,
        suppressed=False,
        parts=[],
        comparison=comparison,
    )


async def _parts(session: AsyncSession, group: Group, cohort: Cohort) -> Mapping[str, int]:
    """Return counts by code, with categories under their root and appeals without a code under UNSPECIFIED; they add up to the cohort."""
    found: Counter[str] = Counter()
    for code, number in (await facts.count_by(session, group, cohort)).items():
        found[part_code(group, code)] += number
    return found


async def _shown(session: AsyncSession, group: Group, parts: Mapping[str, int | None], whole: int) -> list[Part]:
    """Return the parts with their share of the whole, largest first, hidden ones (None) after the others and UNSPECIFIED last."""
    labels = await _labels(session, group, parts)

    def order(item: tuple[str, int | None]) -> tuple[bool, bool, int, str]:
        code, number = item
        return code == UNSPECIFIED, number is None, -(number or 0), code

    return [
        Part(
            code=code,
            value=number,
            share=None if number is None else as_number(percent(number, whole)),
            suppressed=number is None,
            **labels.get(code, Label(code, code, code)).as_dict(),
        )
        for code, number in sorted(parts.items(), key=order)
    ]


async def _labels(session: AsyncSession, group: Group, codes: Collection[str]) -> Mapping[str, Label]:
    known = taxonomy()
    none = {UNSPECIFIED: _UNFINISHED_LABEL if group is Group.OUTCOME else _UNSPECIFIED_LABEL}
    if group is Group.PROVIDER:
        return none | await facts.provider_names(session, [code for code in codes if code != UNSPECIFIED])
    if group is Group.REGION:
        return none | {code: region.label for code, region in regions().items()}
    if group is Group.TIER:
        return none | {str(number): tier.label for number, tier in known.tiers.items()}
    tables = {
        Group.CHANNEL: known.channels,
        Group.KIND: known.kinds,
        Group.CATEGORY: known.categories,
        Group.TOPIC: known.topics,
        Group.OUTCOME: known.outcomes,
    }
    return none | {code: entry.label for code, entry in tables[group].items()}


async def _comparison(session: AsyncSession, cohort: Cohort, period: Period, value: int) -> Comparison:
    before = period.year_before()
    return _compared(before, value, await facts.count(session, replace(cohort, first=before.first, last=before.last)))


def _compared(period: Period, value: int | None, base: int | None) -> Comparison:
    """Return the comparison with `base`. None is a hidden count, and a change that would reveal it is hidden as well."""
    change = None if value is None or base is None else value - base
    return Comparison(
        first=period.first,
        last=period.last,
        value=base,
        change=change,
        change_percent=None if value is None or base is None else as_number(change_percent(value, base)),
        suppressed=base is None,
    )
