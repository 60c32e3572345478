"""The dashboard: what changed, why, where and what to do, on a page that needs no JavaScript."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from analytics.charts.service import sparkline
from analytics.dashboard.pages import forms
from analytics.dashboard.pages.asking import Asked, AskedDep
from analytics.dashboard.policy import OF_COMPLAINTS
from analytics.dashboard.schemas import Live
from analytics.dashboard.service import (
    SPLITS,
    TRENDS,
    Advice,
    Chart,
    Line,
    LiveFigures,
    Reading,
    Remark,
    Sections,
    Values,
    advice_of,
    read,
    remarks,
    whole_values,
)
from analytics.exports.service import READERS as EXPORTERS
from analytics.kpis.dependencies import PublicFiguresDep
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.schemas import Compare
from analytics.kpis.service import DashboardSection, Period, kpi_definitions, publication, sees_live_figures
from analytics.providers.service import READERS as INDEX_READERS
from analytics.reconciliations.service import READERS as RECONCILERS
from analytics.reports.service import READERS as REPORT_READERS
from analytics.sentences.service import period_name
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError
from shared.errors import InvalidInput
from shared.web.i18n import N_

router = APIRouter()

LIVE_EVERY: Final = 60
"""Seconds after which the page looks for new figures."""
SUMMED: Final = frozenset({"kinds", "channels", "reasons", "topics", "outcomes"})
"""Figures whose parts the page checks for their sum."""
_NAMED: Final = ("received", "calls_offered", *(kpi_id for kpi_id in OF_COMPLAINTS), *TRENDS, *(split.kpi for split in SPLITS.values()))
"""Figures that the page or its template names."""


def check_figures() -> None:
    """Raise ReferenceDataError unless the page shows every figure that it names."""
    shown = {kpi.id for kpi in kpi_definitions().values() if kpi.dashboard is not None}
    if missing := set(_NAMED) - shown:
        raise ReferenceDataError("kpis.csv", 1, f"not on the dashboard: {', '.join(sorted(missing))}")


class MainFigure(NamedTuple):
    """A main figure with its small line, which only shows the direction."""

    line: Line
    spark: str


class ShownFigures(NamedTuple):
    """What the template shows of the figures, in the visitor's language."""

    period_name: str
    before_name: str | None
    began: str | None
    keys: tuple[str, str]
    as_of: datetime
    is_empty: bool
    is_hidden: bool
    tiles: Sequence[MainFigure]
    notes: Sequence[tuple[str, str]]
    """What main figures are computed from, or why they are missing, by their headings."""
    advice: Sequence[Advice]
    charts: Mapping[str, Chart]
    remarks: Sequence[Remark]
    query: str


@router.get("/dashboard")
async def dashboard(asked: AskedDep, public: PublicFiguresDep) -> HTMLResponse:
    """Show the figures of a region and a period: the public figures to visitors who may not see others."""
    try:
        wanted = asked.figure_request()
    except (InvalidInput, PeriodNotPublic) as error:
        return await _render(asked, None, errors=asked.error_texts(error), status=error.status)
    reading = await read(asked.work, wanted, asked.view, public)
    return await _render(asked, _shown(asked, reading))


async def _render(asked: Asked, shown: ShownFigures | None, *, errors: Mapping[str, str] | None = None, status: int = 200) -> HTMLResponse:
    region = asked.choice.region if asked.choice.region in regions() else None
    figures = {"charts": None} if shown is None else shown._asdict()
    return asked.pages.render(
        asked.request,
        "dashboard.html",
        status,
        choice=asked.choice,
        form=await forms.form_of(asked),
        errors=errors or {},
        region_label=None if region is None else regions()[region].label.in_(asked.language),
        bound=asked.view.bound_to is not None,
        public=asked.view.public,
        smallest_cell=publication().smallest_cell,
        zone=regions()[region or CENTRAL_OFFICE].timezone,
        reconcilers=RECONCILERS,
        exporters=EXPORTERS,
        report_readers=REPORT_READERS,
        index_readers=INDEX_READERS,
        values=Values(asked.language, is_public=asked.view.public),
        live_every=LIVE_EVERY,
        live=await _live(asked.request) if sees_live_figures(asked.principal) else None,
        **figures,
    )


async def _live(request: Request) -> Live:
    live: LiveFigures = request.app.state.live
    return await live.now()


def _shown(asked: Asked, reading: Reading) -> ShownFigures:
    """Return what the template shows of the figures."""
    sections = Sections(reading, asked.choice, asked.language, asked.text)
    charts = sections.charts()
    period, compare = reading.request.period, reading.request.compare
    before = None if compare is None else period.compared(compare)
    summed = {found.now.id: found.now for name, found in reading.splits.items() if name in SUMMED}
    received = reading.singles["received"]
    main = sections.figures_of(DashboardSection.MAIN)
    lines = [sections.line(each) for each in main if each.missing is None]
    return ShownFigures(
        period_name=period_name(period.first, period.last).in_(asked.language),
        before_name=None if before is None else period_name(before.first, before.last).in_(asked.language),
        began=None if reading.began is None else reading.began.in_(asked.language),
        keys=_key_names(asked, reading),
        as_of=received.as_of,
        is_empty=received.value == 0 and not (received.comparison and received.comparison.value) and not _has_calls(reading),
        is_hidden=received.suppressed,
        tiles=[MainFigure(line, _spark(line, reading)) for line in lines],
        notes=[(sections.label_of(each.id), note) for each in main if (note := sections.people_sentence(each))],
        advice=advice_of(sections, charts),
        charts=charts,
        remarks=remarks(summed, asked.language),
        query=asked.choice.href("").removeprefix("?"),
    )


def _has_calls(reading: Reading) -> bool:
    calls = reading.singles.get("calls_offered")
    return calls is not None and bool(calls.value)


def _spark(line: Line, reading: Reading) -> str:
    pair = reading.trends.get(line.code)
    return sparkline([] if pair is None else whole_values(pair, pair.now))


def _key_names(asked: Asked, reading: Reading) -> tuple[str, str]:
    """Return the names of the two lines in the key of a chart: their years if these differ, otherwise their periods."""
    if reading.view.public:
        return asked.text(N_("Quarters")), asked.text(N_("The same quarters a year before"))
    period = reading.request.period
    before = period.compared(reading.request.compare or Compare.PREVIOUS_YEAR)
    names = [_years(period), _years(before)]
    if names[0] == names[1]:
        names = [period_name(each.first, each.last).in_(asked.language) for each in (period, before)]
    return names[0], names[1]


def _years(period: Period) -> str:
    return "–".join(str(year) for year in sorted({period.first.year, period.last.year}))
