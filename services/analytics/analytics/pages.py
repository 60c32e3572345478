"""The dashboard: the figures of a region and a period on one page, working without JavaScript."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse

from analytics.access import View, page_view_of
from analytics.definitions import kpi_definitions, publication
from analytics.periods import Period, presets
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
_PROBLEMS: Final = {
    "required": N_("Enter both dates."),
    "bad-format": N_("Enter the date as year, month and day."),
    "out-of-range": N_("The date must lie between the years 2000 and 2099."),
    "before-from": N_("The last day lies before the first."),
    "unknown-code": N_("Choose one of the list."),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the form shows; kept as it was entered when something is wrong with it."""

    first: str
    last: str
    region: str
    compare: bool

    def href(self, period: Period) -> str:
        values = {"from": period.first, "to": period.last, "region": self.region, "compare": "previous_year" if self.compare else ""}
        return "?" + urlencode({name: value for name, value in values.items() if value})


@router.get("/dashboard")
async def dashboard(request: Request, current: PagePrincipal) -> HTMLResponse:
    """Figures of a region and a period: for whoever has none of their own the public ones."""
    parts: Parts = request.app.state.parts
    pages: Pages = request.app.state.pages
    view = page_view_of(current).of_region(request.query_params.get("region") or None)
    today = parts.clock.now().astimezone(regions()[CENTRAL_OFFICE].timezone).date()
    filters = _filters(request.query_params, view, today)
    try:
        question = _question(filters)
    except InvalidInput as error:
        return _render(request, pages, view, filters, today, errors=_texts(request, pages, error.errors), status=error.status)
    figures = await _figures(parts, question, view)
    return _render(request, pages, view, filters, today, question=question, figures=figures)


def _filters(params: Mapping[str, str], view: View, today: date) -> Filters:
    year = presets(today)["year"]
    is_first_visit = "from" not in params and "to" not in params
    return Filters(
        first=year.first.isoformat() if is_first_visit else params.get("from", ""),
        last=year.last.isoformat() if is_first_visit else params.get("to", ""),
        region=view.region(params.get("region") or None) or "",
        compare=is_first_visit or params.get("compare") == "previous_year",
    )


def _question(filters: Filters) -> Question:
    """Raises InvalidInput as the API would."""
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


async def _figures(parts: Parts, question: Question, view: View) -> dict[str, Figure]:
    """The page's figures by id, all from one snapshot."""
    wanted = ("received", "complaints", *CHARTS, *OF_COMPLAINTS, *CENTRE, "satisfaction")
    visible = {kpi.id for kpi in view.kpis}
    of_complaints = Question(question.period, question.region, compare=question.compare, kind="COMPLAINT")
    async with parts.database.read() as session:
        return {
            one: await figure(session, kpi_definitions()[one], of_complaints if one in OF_COMPLAINTS else question, view, clock=parts.clock)
            for one in wanted
            if one in visible
        }


def _render(
    request: Request,
    pages: Pages,
    view: View,
    filters: Filters,
    today: date,
    *,
    question: Question | None = None,
    figures: Mapping[str, Figure] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    labels = {code: region.label.in_(language) for code, region in regions().items()}
    tabs = [
        (
            filters.href(period),
            pages.text(request, _PRESETS[name]),
            (period.first.isoformat(), period.last.isoformat()) == (filters.first, filters.last),
        )
        for name, period in presets(today).items()
    ]
    context = {
        "filters": filters,
        "tabs": tabs,
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
