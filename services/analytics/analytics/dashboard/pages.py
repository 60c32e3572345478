"""The dashboard: the figures of a region and a period on one page, without JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from analytics.dashboard.service import remarks
from analytics.exports.service import READERS as EXPORTERS
from analytics.facts.schemas import CohortFilters
from analytics.kpis.dependencies import PublicFiguresDep
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.schemas import Compare, Figure, KpiQuery
from analytics.kpis.service import (
    DashboardSection,
    FigureRequest,
    Period,
    PeriodUnit,
    PublicFigures,
    PublicPeriod,
    View,
    figure,
    kpi_definitions,
    page_view_of,
    periods_offered,
    presets,
    publication,
    require_public,
)
from analytics.reconciliations.service import READERS
from analytics.reports.service import READERS as REPORT_READERS
from shared.auth import PagePrincipalDep
from shared.dependencies import ReadDep
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError
from shared.errors import DomainError, InvalidInput
from shared.field_errors import FieldError
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])

OF_COMPLAINTS: Final = {
    "resolved_on_spot": N_("Complaints resolved here and now"),
    "withdrawn": N_("Complaints withdrawn"),
    "outcomes": N_("Outcomes of complaints"),
}
"""Figures that the page shows for complaints only, as the Fund publishes them, with their headings."""
_NAMED: Final = ("received", "calls_offered", "satisfaction", *OF_COMPLAINTS)
"""Figures that the page or its template names."""

_PRESETS: Final = {
    "month": N_("This month"),
    "last_month": N_("Last month"),
    "quarter": N_("This quarter"),
    "year": N_("This year"),
    "last_year": N_("Last year"),
}
_PUBLIC_PERIODS: Final = {
    PeriodUnit.YEAR: N_("Year %(year)s"),
    PeriodUnit.HALF: N_("Half-year %(number)s of %(year)s"),
    PeriodUnit.QUARTER: N_("Quarter %(number)s of %(year)s"),
}
_PROBLEMS: Final = {
    "required": N_("Enter both dates."),
    "bad-format": N_("Enter the date as year, month and day."),
    "out-of-range": N_("The date must lie between the years 2000 and 2099."),
    "before-from": N_("The last day lies before the first."),
    "unknown-code": N_("Choose one of the list."),
    PeriodNotPublic.code: N_("Public figures exist for whole quarters, half-years and years that are over. Choose one of the list."),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """The values of the form, as they were entered even if they are wrong. `period` is the code of a public period."""

    first: str
    last: str
    region: str
    compare: bool
    period: str = ""

    def href(self, period: Period) -> str:
        """Return a link to the page with another period and otherwise the same filters."""
        values = {"from": period.first, "to": period.last, "region": self.region, "compare": "previous_year" if self.compare else ""}
        return "?" + urlencode({name: value for name, value in values.items() if value})


class Tab(NamedTuple):
    """A link to a period."""

    href: str
    label: str
    is_open: bool


class ChartRow(NamedTuple):
    """A bar of a chart; `share` is in per cent of the figure."""

    label: str
    value: int | float | None
    share: float | None


class FigureTexts(NamedTuple):
    """What the page shows of the figures, in the visitor's language."""

    shown: dict[str, list[str]]
    """Ids of the figures of each section of the page, in order."""
    rows: dict[str, list[ChartRow]]
    labels: dict[str, str]


def check_figures() -> None:
    """Raise ReferenceDataError unless the page shows every figure that it names."""
    shown = {kpi.id for kpi in kpi_definitions().values() if kpi.dashboard is not None}
    if missing := set(_NAMED) - shown:
        raise ReferenceDataError("kpis.csv", 1, f"not on the dashboard: {', '.join(sorted(missing))}")


@router.get("/dashboard")
async def dashboard(request: Request, current: PagePrincipalDep, work: ReadDep, public: PublicFiguresDep) -> HTMLResponse:
    """Show the figures of a region and a period: the public figures to visitors who may not see others."""
    pages: Pages = request.app.state.pages
    view = page_view_of(current, request.query_params.get("region") or None)
    now = work.clock.now()
    filters = _filters(request.query_params, view, now)
    try:
        figure_request = _figure_request(filters, is_public=view.public)
        if view.public:
            require_public(figure_request.period, figure_request.region, now)
    except InvalidInput as error:
        return _render(request, pages, view, filters, now, errors=_texts(request, pages, error.errors), status=error.status)
    except PeriodNotPublic as error:
        errors = {"period": pages.text(request, _PROBLEMS[error.code])}
        return _render(request, pages, view, filters, now, errors=errors, status=error.status)
    figures = await _figures(work, figure_request, view, public)
    return _render(request, pages, view, filters, now, period=figure_request.period, figures=figures)


def _filters(params: Mapping[str, str], view: View, now: datetime) -> Filters:
    region = view.region(params.get("region") or None) or ""
    is_first_visit = not {"from", "to", "period"} & params.keys()
    compare = is_first_visit or params.get("compare") == "previous_year"
    if view.public:
        return _public_filters(params, region, now, compare=compare)
    year = presets(_today(now))["year"]
    return Filters(
        first=year.first.isoformat() if is_first_visit else params.get("from", ""),
        last=year.last.isoformat() if is_first_visit else params.get("to", ""),
        region=region,
        compare=compare,
    )


def _public_filters(params: Mapping[str, str], region: str, now: datetime, *, compare: bool) -> Filters:
    """Return filters for the public period with this code or these days; without either, for the latest year or first half-year."""
    offered = {each.code: each for each in periods_offered(region if region in regions() else None, now)}
    first, last, code = params.get("from", ""), params.get("to", ""), params.get("period", "")
    if not (first or last or code):
        code = next(iter(offered))
    if code in offered:
        chosen = offered[code]
        return Filters(chosen.period.first.isoformat(), chosen.period.last.isoformat(), region, compare, chosen.code)
    code = next((each.code for each in offered.values() if (str(each.period.first), str(each.period.last)) == (first, last)), "")
    return Filters(first, last, region, compare, code)


def _today(now: datetime) -> date:
    return now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def _figure_request(filters: Filters, *, is_public: bool) -> FigureRequest:
    """Return the request of the form. Raises InvalidInput as the API does, and PeriodNotPublic for a code of no public period."""
    if is_public and not (filters.first or filters.last):
        raise PeriodNotPublic
    values = {"from": filters.first, "to": filters.last, "region": filters.region}
    try:
        query = KpiQuery.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        raise _as_invalid(InvalidInput.of(error)) from None
    return FigureRequest(
        Period.of_request(query.first, query.last), query.region, compare=Compare.PREVIOUS_YEAR if filters.compare else None
    )


def _as_invalid(error: DomainError) -> InvalidInput:
    return error if isinstance(error, InvalidInput) else InvalidInput(error.errors)


def _texts(request: Request, pages: Pages, errors: tuple[FieldError, ...]) -> dict[str, str]:
    return {error.field: pages.text(request, _PROBLEMS.get(error.code, _PROBLEMS["bad-format"])) for error in errors}


async def _figures(work: UnitOfWork, wanted: FigureRequest, view: View, public: PublicFigures) -> dict[str, Figure]:
    """Return the page's figures by id, all read from one snapshot."""
    of_complaints = replace(wanted, filters=CohortFilters(kind="COMPLAINT"))
    return {
        kpi.id: await figure(work, kpi, of_complaints if kpi.id in OF_COMPLAINTS else wanted, view, public)
        for kpi in view.kpis
        if kpi.dashboard is not None
    }


def _render(
    request: Request,
    pages: Pages,
    view: View,
    filters: Filters,
    now: datetime,
    *,
    period: Period | None = None,
    figures: Mapping[str, Figure] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    labels = {code: region.label.in_(language) for code, region in regions().items()}
    offered = periods_offered(filters.region if filters.region in labels else None, now) if view.public else []
    tabs = _public_tabs(request, pages, filters, offered) if view.public else _tabs(request, pages, filters, now)
    context = {
        "filters": filters,
        "reconcilers": READERS,
        "exporters": EXPORTERS,
        "report_readers": REPORT_READERS,
        "tabs": tabs,
        "periods": [(each.code, _period_label(request, pages, each)) for each in offered],
        "errors": errors or {},
        "regions": sorted(labels.items(), key=lambda pair: (pair[0] == CENTRAL_OFFICE, pair[1])),
        "region_label": labels.get(filters.region),
        "bound": view.bound_to is not None,
        "public": view.public,
        "smallest_cell": publication().smallest_cell,
        "period": period,
        "figures": figures,
        "zone": regions()[filters.region if filters.region in labels else CENTRAL_OFFICE].timezone,
        "remarks": remarks(figures, language) if figures else [],
        **_figure_texts(request, pages, figures or {}, language)._asdict(),
    }
    return pages.render(request, "dashboard.html", status, **context)


def _tabs(request: Request, pages: Pages, filters: Filters, now: datetime) -> list[Tab]:
    """Return the quick links to periods."""
    chosen = filters.first, filters.last
    return [
        Tab(filters.href(period), pages.text(request, _PRESETS[name]), (str(period.first), str(period.last)) == chosen)
        for name, period in presets(_today(now)).items()
    ]


def _public_tabs(request: Request, pages: Pages, filters: Filters, offered: Sequence[PublicPeriod]) -> list[Tab]:
    """Return links to the latest public year, half-year and quarter."""
    latest = [max((each for each in offered if each.unit == unit), key=lambda each: each.period.last) for unit in PeriodUnit]
    return [Tab(filters.href(each.period), _period_label(request, pages, each), each.code == filters.period) for each in latest]


def _period_label(request: Request, pages: Pages, period: PublicPeriod) -> str:
    return pages.text(request, _PUBLIC_PERIODS[period.unit], number=period.number, year=period.year)


def _figure_texts(request: Request, pages: Pages, figures: Mapping[str, Figure], language: Language) -> FigureTexts:
    """Return sections, labels and chart rows; a suppressed part has no bar."""
    kpis = kpi_definitions()
    headings = {kpi_id: pages.text(request, heading) for kpi_id, heading in OF_COMPLAINTS.items()}
    return FigureTexts(
        shown={section: [kpi_id for kpi_id in figures if kpis[kpi_id].dashboard is section] for section in DashboardSection},
        rows={
            each.id: [ChartRow(getattr(part, language), part.value, part.share) for part in each.parts if not part.suppressed]
            for each in figures.values()
        },
        labels={kpi_id: kpi.label.in_(language) for kpi_id, kpi in kpis.items()} | headings,
    )
