"""The dashboard: the figures of a region and a period on one page, working without JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from analytics.access import View, page_view_of
from analytics.definitions import kpi_definitions, publication
from analytics.errors import PeriodNotPublic
from analytics.periods import Period, PublicPeriod, presets
from analytics.public import PublicFigures, periods_offered, require_public
from analytics.reconciliation import remarks
from analytics.schemas import Figure, KpiQuery
from analytics.service import Question, figure
from shared.auth import PagePrincipal
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, InvalidInput
from shared.field_errors import FieldError
from shared.service import Parts
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.viewer import show_viewer

Tab = tuple[str, str, bool]
"""A link, its label, and whether it is open."""
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])

CHARTS: Final = ("received_by_channel", "received_by_kind", "complaints_by_category", "consultations_by_topic")
OF_COMPLAINTS: Final = ("resolved_on_spot", "withdrawn", "outcomes")
"""Figures that the page shows of complaints alone, as the Fund publishes them."""
CENTRE: Final = (
    "calls_offered", "calls_answered", "calls_abandoned", "calls_service_level", "calls_waiting_time", "calls_handling_time",
)  # fmt: skip
"""Figures of the telephone centre."""

_PRESETS: Final = {
    "month": N_("This month"),
    "last_month": N_("Last month"),
    "quarter": N_("This quarter"),
    "year": N_("This year"),
    "last_year": N_("Last year"),
}
_PUBLIC_PERIODS: Final = {
    "": N_("Year %(year)s"),
    "H": N_("Half-year %(number)s of %(year)s"),
    "Q": N_("Quarter %(number)s of %(year)s"),
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
    """What the form shows; kept as it was entered when something is wrong with it. `period` is the code of a public period."""

    first: str
    last: str
    region: str
    compare: bool
    period: str = ""

    def href(self, period: Period) -> str:
        values = {"from": period.first, "to": period.last, "region": self.region, "compare": "previous_year" if self.compare else ""}
        return "?" + urlencode({name: value for name, value in values.items() if value})


@router.get("/dashboard")
async def dashboard(request: Request, current: PagePrincipal) -> HTMLResponse:
    """Figures of a region and a period: for whoever has none of their own the public ones."""
    parts: Parts = request.app.state.parts
    pages: Pages = request.app.state.pages
    view = page_view_of(current, request.query_params.get("region") or None)
    now = parts.clock.now()
    filters = _filters(request.query_params, view, now)
    try:
        question = _question(filters, is_public=view.public)
        if view.public:
            require_public(question.period, question.region, now)
    except InvalidInput as error:
        return _render(request, pages, view, filters, now, errors=_texts(request, pages, error.errors), status=error.status)
    except PeriodNotPublic as error:
        errors = {"period": pages.text(request, _PROBLEMS[error.code])}
        return _render(request, pages, view, filters, now, errors=errors, status=error.status)
    figures = await _figures(request, question, view)
    return _render(request, pages, view, filters, now, question=question, figures=figures)


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
    """The public period that is named by its code or its days; without either the latest year, or the first half of this one."""
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


def _question(filters: Filters, *, is_public: bool) -> Question:
    """Raises InvalidInput as the API would, and PeriodNotPublic for a code that names no public period."""
    if is_public and not (filters.first or filters.last):
        raise PeriodNotPublic
    values = {"from": filters.first, "to": filters.last, "region": filters.region}
    try:
        query = KpiQuery.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        raise _as_invalid(InvalidInput.of(error)) from None
    return Question(Period.asked(query.first, query.last), query.region, compare=filters.compare)


def _as_invalid(error: DomainError) -> InvalidInput:
    return error if isinstance(error, InvalidInput) else InvalidInput(error.errors)


def _texts(request: Request, pages: Pages, errors: tuple[FieldError, ...]) -> dict[str, str]:
    return {error.field: pages.text(request, _PROBLEMS.get(error.code, _PROBLEMS["bad-format"])) for error in errors}


async def _figures(request: Request, question: Question, view: View) -> dict[str, Figure]:
    """The page's figures by id, all from one snapshot."""
    wanted = ("received", "complaints", *CHARTS, *OF_COMPLAINTS, *CENTRE, "satisfaction")
    visible = {kpi.id for kpi in view.kpis}
    of_complaints = Question(question.period, question.region, compare=question.compare, kind="COMPLAINT")
    public: PublicFigures = request.app.state.public_figures
    async with request.app.state.parts.database.read() as session:
        return {
            one: await figure(session, kpi_definitions()[one], of_complaints if one in OF_COMPLAINTS else question, view, public)
            for one in wanted
            if one in visible
        }


def _render(
    request: Request,
    pages: Pages,
    view: View,
    filters: Filters,
    now: datetime,
    *,
    question: Question | None = None,
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
        "tabs": tabs,
        "periods": [(each.code, _period_label(request, pages, each)) for each in offered],
        "errors": errors or {},
        "regions": sorted(labels.items(), key=lambda pair: (pair[0] == CENTRAL_OFFICE, pair[1])),
        "region_label": labels.get(filters.region),
        "bound": view.bound_to is not None,
        "public": view.public,
        "smallest_cell": publication().smallest_cell,
        "period": question.period if question else None,
        "figures": figures,
        "zone": regions()[filters.region if filters.region in labels else CENTRAL_OFFICE].timezone,
        "remarks": remarks(figures, language) if figures else [],
        **_shown(figures or {}, language),
    }
    return pages.render(request, "dashboard.html", status, **context)


def _tabs(request: Request, pages: Pages, filters: Filters, now: datetime) -> list[Tab]:
    """The quick ranges: their links, labels, and which of them is open."""
    return [
        (filters.href(period), pages.text(request, _PRESETS[name]), (str(period.first), str(period.last)) == (filters.first, filters.last))
        for name, period in presets(_today(now)).items()
    ]


def _public_tabs(request: Request, pages: Pages, filters: Filters, offered: Sequence[PublicPeriod]) -> list[Tab]:
    """The latest year, half-year and quarter that are over."""
    latest = [max((each for each in offered if each.unit == unit), key=lambda each: each.period.last) for unit in ("", "H", "Q")]
    return [(filters.href(each.period), _period_label(request, pages, each), each.code == filters.period) for each in latest]


def _period_label(request: Request, pages: Pages, period: PublicPeriod) -> str:
    return pages.text(request, _PUBLIC_PERIODS[period.unit], number=period.number, year=period.year)


def _shown(figures: Mapping[str, Figure], language: Language) -> dict[str, Any]:
    """The labels of the figures and the rows of the charts, in the visitor's language; a suppressed part has no bar."""
    rows = {
        one.id: [{"label": getattr(part, language), "value": part.value, "share": part.share} for part in one.parts if not part.suppressed]
        for one in figures.values()
    }
    return {
        "charts": [one for one in (*CHARTS, "outcomes") if one in figures],
        "centre": [one for one in CENTRE if one in figures],
        "rows": rows,
        "labels": {one: kpi.label.in_(language) for one, kpi in kpi_definitions().items()},
    }
