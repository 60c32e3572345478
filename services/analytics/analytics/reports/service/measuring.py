"""Measuring a report: its figures and those of the period before, all from one snapshot and by the functions of the figures' API."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from analytics.facts.schemas import CohortFilters
from analytics.kpis.schemas import Compare, Figure
from analytics.kpis.service import FigureRequest, Period, PublicFigures, View, figure, is_over, kpi_definitions, part_labels
from analytics.reports.policy import COUNTRY, ReportFigure, report_figures
from analytics.reports.schemas import ReportContent, ReportNumbers
from analytics.reports.service.periods import ReportPeriod
from shared.domain.labels import Label
from shared.errors import InvalidInput
from shared.unit_of_work import UnitOfWork

Progress = Callable[[int], Awaitable[None]]
"""Is awaited with the number of figures that are measured."""
PartLabels = Mapping[str, Mapping[str, Label]]
"""Names of parts by figure and code."""


def figures_of(region: str) -> list[ReportFigure]:
    """Return the figures of the report on a region."""
    return [each for each in report_figures().values() if each.is_of(region)]


def require_over(period: ReportPeriod, region: str, now: datetime) -> None:
    """Raise InvalidInput for a period that has not ended in the region: its figures would be compared with those of a whole period."""
    if not is_over(period.days, None if region == COUNTRY else region, now):
        raise InvalidInput.field("period", "not-over", "The period is not over yet.")


async def _no_progress(_done: int) -> None:
    pass


async def measure(
    work: UnitOfWork, region: str, period: ReportPeriod, compare: Compare, progress: Progress = _no_progress
) -> ReportContent:
    """Return the content of a report as the figures are now."""
    before = period.compared(compare)
    now: dict[str, ReportNumbers] = {}
    then: dict[str, ReportNumbers] = {}
    as_of = work.clock.now()
    for done, each in enumerate(figures_of(region), start=1):
        for days, found in ((period.days, now), (before.days, then)):
            measured = await _figure(work, each, region, days)
            found[each.code], as_of = ReportNumbers.of(measured), measured.as_of
        await progress(done)
    return ReportContent(region=region, period=period.code, compare=compare, as_of=as_of, figures=now, before=then)


async def _figure(work: UnitOfWork, each: ReportFigure, region: str, days: Period) -> Figure:
    request = FigureRequest(days, None if region == COUNTRY else region, filters=CohortFilters(kind=each.kind), group_by=each.group)
    return await figure(work, kpi_definitions()[each.kpi], request, View(public=False), PublicFigures())


async def labels_of(work: UnitOfWork, content: ReportContent) -> PartLabels:
    """Return the names of the parts of a report's figures."""
    found: dict[str, Mapping[str, Label]] = {}
    for each in figures_of(content.region):
        codes = {part.code for numbers in (content.figures, content.before) for part in numbers[each.code].parts}
        found[each.code] = {} if each.part_group is None else await part_labels(work.session, each.part_group, codes)
    return found
