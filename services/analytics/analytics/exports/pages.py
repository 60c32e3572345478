"""The page of exports: a period and filters, links to the files, and what each column is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from analytics.exports.dependencies import ExportResponse, ExportStreams
from analytics.exports.policy import ExportFormat, ExportGrain, columns_of
from analytics.exports.schemas import ExportQuery
from analytics.exports.service import READERS, Export
from analytics.facts import service as facts
from analytics.kpis.service import ENTRY_PROBLEMS, FILTER_HEADINGS, Period, View, filter_fields, presets, region_options, view_of
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ReadDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import InvalidInput
from shared.field_errors import FieldError
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.viewer import show_viewer

PATH: Final = "/analytics/exports"
GRAINS: Final = {
    ExportGrain.FACTS: (N_("Appeals"), N_("One row for each appeal, as it is known now.")),
    ExportGrain.TRANSITIONS: (
        N_("Events of the appeals"),
        N_("One row for each event of the same appeals: who acted, who held the appeal and for how long."),
    ),
}
FORMATS: Final = {
    ExportFormat.CSV: N_("CSV"),
    ExportFormat.XLSX: N_("Excel"),
    ExportFormat.PARQUET: N_("Parquet"),
}
_FIELDS: Final = ("from", "to", "region", *FILTER_HEADINGS, "district", "provider_id")

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
ReaderDep = Annotated[Principal, Depends(require_page(*READERS))]


@router.get("/exports")
async def exports_page(request: Request, principal: PagePrincipalDep, work: ReadDep) -> Response:
    """Show the form, and for a valid period and filters the links to the files."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    view = view_of(check_role(principal, *READERS))
    entered = {name: request.query_params.get(name, "").strip() for name in _FIELDS}
    if not {"from", "to"} & request.query_params.keys():
        year = _this_year(work.clock.now())
        entered |= {"from": str(year.first), "to": str(year.last)}
    if view.bound_to is not None:
        entered["region"] = view.bound_to
    given = {name: value for name, value in entered.items() if value}
    errors: Mapping[str, str] = {}
    try:
        query = ExportQuery.model_validate(given)
        Export.of(ExportGrain.FACTS, ExportFormat.CSV, query, view)
    except (ValidationError, InvalidInput) as error:
        problem = error if isinstance(error, InvalidInput) else InvalidInput.of(error)
        errors = _texts(request, problem.errors)
    return await _render(request, work, view, entered, errors)


@router.get("/exports/{grain}.{file_format}")
async def download_export(
    grain: ExportGrain, file_format: ExportFormat, query: Annotated[ExportQuery, Query()], request: Request, reader: ReaderDep
) -> ExportResponse:
    """Return the file that the page links to."""
    streams: ExportStreams = request.app.state.exports
    return await streams.response(Export.of(grain, file_format, query, view_of(reader, query.region)), reader)


def _this_year(now: datetime) -> Period:
    return presets(now.astimezone(regions()[CENTRAL_OFFICE].timezone).date())["year"]


def _texts(request: Request, errors: tuple[FieldError, ...]) -> dict[str, str]:
    pages: Pages = request.app.state.pages
    return {error.field: pages.text(request, ENTRY_PROBLEMS.get(error.code, ENTRY_PROBLEMS["bad-format"])) for error in errors}


async def _render(request: Request, work: UnitOfWork, view: View, entered: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    pages: Pages = request.app.state.pages
    language = language_of(request)
    region = entered["region"] if entered["region"] in regions() else ""
    providers = await facts.providers_in(work.session, region) if region else []
    query = urlencode({name: value for name, value in entered.items() if value} | {"labels": language})
    files = [
        {
            "heading": pages.text(request, heading),
            "about": pages.text(request, about),
            "links": [(pages.text(request, label), f"{PATH}/{grain}.{file_format}?{query}") for file_format, label in FORMATS.items()],
            "columns": [
                (column.heading.in_(language), column.code, column.meaning.in_(language))
                for column in columns_of(grain, with_numbers=view.sees_appeals)
            ],
        }
        for grain, (heading, about) in GRAINS.items()
    ]
    return pages.render(
        request,
        "exports.html",
        422 if errors else 200,
        entered=entered,
        errors=errors,
        bound=view.bound_to is not None,
        region_label=regions()[region].label.in_(language) if region else None,
        regions=region_options(language),
        filters=await filter_fields(work.session, entered, language, lambda message: pages.text(request, message)),
        providers=[(provider_id, label.in_(language)) for provider_id, label in providers],
        files=files,
        with_numbers=view.sees_appeals,
    )
