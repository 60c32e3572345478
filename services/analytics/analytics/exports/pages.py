"""The page of exports: a period and filters, links to the files, and what each column is."""

from collections.abc import Iterable, Mapping
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
from analytics.facts.schemas import Group
from analytics.kpis.service import Period, View, part_labels, presets, view_of
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ReadDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
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
FILTERS: Final = {
    "channel": (Group.CHANNEL, N_("Channel")),
    "kind": (Group.KIND, N_("Kind of appeal")),
    "category": (Group.CATEGORY, N_("Reason for the complaint")),
    "topic": (Group.TOPIC, N_("Subject of the question")),
    "tier": (Group.TIER, N_("Tier")),
    "language": (Group.LANGUAGE, N_("Language of the appeal")),
}
_FIELDS: Final = ("from", "to", "region", *FILTERS, "district", "provider_id")
_PROBLEMS: Final = {
    "required": N_("Enter both dates."),
    "bad-format": N_("Enter the date as year, month and day."),
    "out-of-range": N_("The date must lie between the years 2000 and 2099."),
    "before-from": N_("The last day lies before the first."),
    "too-long": N_("The name of the district is too long."),
    "unknown-code": N_("Choose one of the list."),
}

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
    return {error.field: pages.text(request, _PROBLEMS.get(error.code, _PROBLEMS["bad-format"])) for error in errors}


async def _render(request: Request, work: UnitOfWork, view: View, entered: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    pages: Pages = request.app.state.pages
    language = language_of(request)
    known = taxonomy()
    codes: Mapping[str, Iterable[object]] = {
        "channel": known.channels, "kind": known.kinds, "category": known.categories, "topic": known.topics, "tier": known.tiers,
        "language": ("kk", "ru", "en"),
    }  # fmt: skip
    filters = []
    for name, (group, heading) in FILTERS.items():
        labels = await part_labels(work.session, group, ())
        options = [(str(code), labels[str(code)].in_(language)) for code in codes[name]]
        filters.append((name, pages.text(request, heading), options))
    region = entered["region"] if entered["region"] in regions() else ""
    providers = await facts.providers_in(work.session, region) if region else []
    region_labels = {code: region.label.in_(language) for code, region in regions().items()}
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
        region_label=region_labels.get(entered["region"]),
        regions=sorted(region_labels.items(), key=lambda pair: (pair[0] == CENTRAL_OFFICE, pair[1])),
        filters=filters,
        providers=[(provider_id, label.in_(language)) for provider_id, label in providers],
        files=files,
        with_numbers=view.sees_appeals,
    )
