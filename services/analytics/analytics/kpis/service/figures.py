"""Computing a figure: measured, split, compared, and reduced to what the visitor may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import EVERYTHING, FILTERS, GROUPS, TIMES, Cohort, CohortFilters, Group
from analytics.kpis.policy import Kpi, ageing, regions_without_people
from analytics.kpis.schemas import Compare, Comparison, Figure, MissingNumbers, Part
from analytics.kpis.service.access import View
from analytics.kpis.service.labels import part_labels
from analytics.kpis.service.measures import COUNTS, Measured, measured
from analytics.kpis.service.percentages import as_number, change_percent, percent
from analytics.kpis.service.periods import Period
from analytics.kpis.service.public_figures import UNSPECIFIED, PublicFigures, part_code, require_public
from shared.domain.labels import Label
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """The period and region of a figure, what narrows its cohort further, what it is split by and compared with."""

    period: Period
    region: str | None = None
    compare: Compare | None = None
    filters: CohortFilters = EVERYTHING
    group_by: Group | None = None
    """Replaces the group of the figure's definition."""
    with_protected: bool = True
    as_of: datetime | None = None
    """The time of the newest event, for whoever reads several figures of one snapshot; read for the figure if it is not given."""

    def seen_by(self, view: View) -> "FigureRequest":
        """Return the same request for what the visitor may see: the region, and whether protected appeals count."""
        return replace(self, region=view.region(self.region), with_protected=view.with_protected)

    def cohort(self, kpi: Kpi) -> Cohort:
        """Return the appeals, calls or questions that the figure is computed from."""
        return Cohort(self.period.first, self.period.last, self.region, kpi.kind, with_protected=self.with_protected, filters=self.filters)

    def ignored(self, kpi: Kpi, *, is_public: bool) -> list[str]:
        """Return the given parameters that do not change the figure: public figures have none, other figures those of their grain."""
        usable = frozenset[str]() if is_public else FILTERS[kpi.grain]
        ignored = [name for name in CohortFilters.__dataclass_fields__ if getattr(self.filters, name) is not None and name not in usable]
        is_group_usable = self.group_by is None or (not is_public and self.group_by in GROUPS[kpi.grain])
        return ignored if is_group_usable else [*ignored, "group_by"]


async def figure(work: UnitOfWork, kpi: Kpi, request: FigureRequest, view: View, public: PublicFigures) -> Figure:
    """Return the figure as this visitor may see it. `view` is the visitor's view of the requested region.

    Raises PeriodNotPublic in the public view for a period that is not public.
    """
    request = request.seen_by(view)
    if view.public:
        return await _public(work, kpi, request, public)
    session, cohort, ignored = work.session, request.cohort(kpi), request.ignored(kpi, is_public=False)
    group = kpi.group if request.group_by is None or "group_by" in ignored else request.group_by
    parts = await _parts(work, kpi, cohort, group) if group else {}
    is_sum = kpi.measure is None and group is not None
    whole = _total(parts) if is_sum else (await measured(work, kpi, cohort))[None]
    missing = missing_numbers(kpi, request.region)
    return Figure(
        **await _described(work, kpi, request, ignored),
        value=whole.value,
        n=whole.n,
        suppressed=whole.is_suppressed and missing is None,
        parts=await _shown(session, kpi, group, parts, whole.value, missing=missing) if group else [],
        comparison=await _comparison(work, kpi, cohort, request, whole.value, missing) if request.compare else None,
        missing=missing,
    )


def missing_numbers(kpi: Kpi, region: str | None) -> MissingNumbers | None:
    """Return the regions whose people no source gives, for a figure for 10 000 people."""
    unknown = regions_without_people(region, kpi.people) if kpi.people else []
    return MissingNumbers(regions=unknown) if unknown else None


async def _described(work: UnitOfWork, kpi: Kpi, request: FigureRequest, ignored: Sequence[str]) -> dict[str, object]:
    """Return the fields that describe a figure."""
    return {
        "id": kpi.id,
        "first": request.period.first,
        "last": request.period.last,
        "region": request.region,
        "as_of": request.as_of or await facts.applied_until(work.session) or work.clock.now(),
        "metric_version": kpi.metric_version,
        "unit": kpi.unit,
        "params_ignored": ignored,
    }


async def _public(work: UnitOfWork, kpi: Kpi, request: FigureRequest, public: PublicFigures) -> Figure:
    """Return a public figure, never narrowed or split otherwise. It counts appeals, so the size of its cohort is its value."""
    require_public(request.period, request.region, work.clock.now())
    found = await public.figure(work, kpi, request.period, request.region)
    comparison = None
    if request.compare:
        before = request.period.compared(request.compare)
        base = (await public.figure(work, kpi, before, request.region)).value
        comparison = _compared(before, found.value, base, is_hidden=base is None)
    parts = {code: Measured(number, number or 0) for code, number in (found.parts or {}).items()}
    return Figure(
        **await _described(work, kpi, request, request.ignored(kpi, is_public=True)),
        value=found.value,
        n=found.value,
        suppressed=found.value is None,
        parts=await _shown(work.session, kpi, kpi.group, parts, found.value, is_public=True) if kpi.group else [],
        comparison=comparison,
    )


async def _parts(work: UnitOfWork, kpi: Kpi, cohort: Cohort, group: Group) -> Mapping[str, Measured]:
    """Return values by code, with counts of categories under their root and everything without a code under UNSPECIFIED."""
    found: dict[str, Measured] = {}
    for code, part in (await measured(work, kpi, cohort, group)).items():
        shown = part_code(group, code)
        found[shown] = _total({"": found[shown], shown: part}) if shown in found else part
    return found


def _total(parts: Mapping[str, Measured]) -> Measured:
    """Return the sum of counts."""
    return Measured(sum(part.value or 0 for part in parts.values()), sum(part.n for part in parts.values()))


async def _shown(
    session: AsyncSession,
    kpi: Kpi,
    group: Group,
    parts: Mapping[str, Measured],
    whole: float | None,
    *,
    is_public: bool = False,
    missing: MissingNumbers | None = None,
) -> list[Part]:
    """Return the parts, counts with their share of the whole: times in their order, others largest first and UNSPECIFIED last.

    A hidden count of a public figure (None) comes after the others.
    """
    labels = await part_labels(session, group, parts)
    ages = [span.code for span in ageing()]

    def order(item: tuple[str, Measured]) -> tuple[bool, bool, float, str]:
        code, part = item
        position = ages.index(code) if group is Group.AGE else -(part.value or 0)
        return code == UNSPECIFIED, part.value is None, 0 if group in TIMES else position, code

    def is_missing(code: str) -> bool:
        return missing is not None and (group is not Group.REGION or bool(kpi.people and regions_without_people(code, kpi.people)))

    return [
        Part(
            code=code,
            value=part.value,
            share=_share(kpi, part.value, whole),
            n=None if is_public and part.value is None else part.n,
            suppressed=(is_public and part.value is None) or (part.is_suppressed and not is_missing(code)),
            **labels.get(code, Label(code, code, code)).as_dict(),
        )
        for code, part in sorted(parts.items(), key=order)
    ]


def _share(kpi: Kpi, part: float | None, whole: float | None) -> float | None:
    is_count = kpi.unit in COUNTS and isinstance(part, int) and isinstance(whole, int)
    return as_number(percent(int(part or 0), int(whole or 0))) if is_count else None


async def _comparison(
    work: UnitOfWork, kpi: Kpi, cohort: Cohort, request: FigureRequest, value: float | None, missing: MissingNumbers | None
) -> Comparison | None:
    if request.compare is None:
        return None
    before = request.period.compared(request.compare)
    base = (await measured(work, kpi, replace(cohort, first=before.first, last=before.last)))[None]
    return _compared(before, value, base.value, is_hidden=base.is_suppressed and missing is None)


def _compared(period: Period, value: float | None, base: float | None, *, is_hidden: bool) -> Comparison:
    """Return the comparison with `base`. A change from or to None is None. Only whole numbers are compared in per cent."""
    change: int | float | None = None
    if value is not None and base is not None:
        exact = Decimal(str(value)) - Decimal(str(base))
        change = int(exact) if isinstance(value, int) else float(exact)
    is_whole = isinstance(value, int) and isinstance(base, int)
    return Comparison(
        first=period.first,
        last=period.last,
        value=base,
        change=change,
        change_percent=as_number(change_percent(int(value or 0), int(base or 0))) if is_whole else None,
        suppressed=is_hidden,
    )
