"""The pages of reports: a form that shows or issues a report, the list of issued reports, and each report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from analytics.kpis.schemas import Compare
from analytics.kpis.service import view_of
from analytics.reports.dependencies import ReportRoom
from analytics.reports.errors import ReportDoesNotReconcile
from analytics.reports.policy import COUNTRY, REPORT_LANGUAGES, ReportFormat, ReportLanguage
from analytics.reports.schemas import ReportQuery, ReportState, StoredReport
from analytics.reports.service import (
    READERS,
    ReportPeriod,
    latest_reports,
    order,
    period_of,
    periods_of_year,
    require_region,
)
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ReadDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import InvalidInput
from shared.forms import read_fields
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

PATH: Final = "/analytics/reports"
YEARS: Final = 7
FIRST_YEAR: Final = 2000
SHOWN: Final = 50  # ordered reports in the list
_COMPARISONS: Final = {
    Compare.PREVIOUS_YEAR: N_("The same period of the year before"),
    Compare.PREVIOUS_PERIOD: N_("The period before"),
}
_LANGUAGE_NAMES: Final[Mapping[ReportLanguage, str]] = {"kk": "Қазақша", "ru": "Русский"}
_PROBLEMS: Final = {
    "not-over": N_("This period is not over yet. Choose an earlier one."),
    "bad-format": N_("Choose one of the list."),
    "unknown-code": N_("Choose one of the list."),
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
ReaderDep = Annotated[Principal, Depends(require_page(*READERS))]


class ReportForm(NamedTuple):
    """The values of the form, as they were entered even if they are wrong. `part`: the part of the year, such as `Q3`."""

    region: str
    year: str
    part: str
    compare: str
    language: str

    @property
    def period(self) -> str:
        """Return the code of the period."""
        return f"{self.year}-{self.part}" if self.part else self.year


class ListedReport(NamedTuple):
    """A line of the list: a report that was ordered, with links to it in both languages once it is ready."""

    report: StoredReport
    region: str
    period: str
    links: list[tuple[str, list[tuple[str, str]]]]


@router.get("/reports")
async def reports_page(request: Request, principal: PagePrincipalDep, work: ReadDep) -> Response:
    """Show the form and the reports that were ordered last; with `show` go on to the report that was chosen."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    reader = check_role(principal, *READERS)
    form = _form(request.query_params, reader, work.clock.now(), language_of(request))
    if "show" not in request.query_params:
        return await _render(request, work, reader, form)
    try:
        period = _checked(reader, form)
    except InvalidInput as error:
        return await _render(request, work, reader, form, _texts(request, error))
    return RedirectResponse(_href(form.region, period.code, ReportFormat.HTML, form.language, form.compare), 303)


@router.post("/reports", dependencies=[Depends(require_same_origin)])
async def issue_report(request: Request, reader: ReaderDep, units: UnitsOfWorkDep) -> Response:
    """Order a report. A worker computes it; the list shows how far it is."""
    pages: Pages = request.app.state.pages
    form = _form(await read_fields(request), reader, units.clock.now(), language_of(request))
    try:
        period, compare = _checked(reader, form), Compare(form.compare)
        async with units.write() as work:
            await order(work, form.region, period, compare)
    except InvalidInput as error:
        async with units.read() as work:
            return await _render(request, work, reader, form, _texts(request, error))
    return pages.redirect(PATH, flash="report-ordered")


@router.get("/reports/{region}/{period}.{file_format}")
async def report_page(
    region: str, period: str, file_format: ReportFormat, query: Annotated[ReportQuery, Query()], request: Request, reader: ReaderDep
) -> Response:
    """Show a report, or return its file. A report whose numbers contradict each other is not shown; the page names them."""
    room: ReportRoom = request.app.state.reports
    try:
        return await room.response(request, reader, region, period, file_format, query)
    except ReportDoesNotReconcile as refusal:
        pages: Pages = request.app.state.pages
        return pages.render_in(
            query.language, request, "report_refused.html", refusal.status, contradictions=refusal.contradictions, path_of_reports=PATH
        )


def _form(given: Mapping[str, str], reader: Principal, now: datetime, language: str) -> ReportForm:
    own = view_of(reader).bound_to
    last_year = now.astimezone(regions()[CENTRAL_OFFICE].timezone).year - 1
    return ReportForm(
        region=own or given.get("region", COUNTRY),
        year=given.get("year", str(last_year)),
        part=given.get("part", ""),
        compare=given.get("compare", Compare.PREVIOUS_YEAR),
        language=given.get("language", language if language in REPORT_LANGUAGES else REPORT_LANGUAGES[0]),
    )


def _checked(reader: Principal, form: ReportForm) -> ReportPeriod:
    """Return the period of the form. Raises InvalidInput for a value that is not one of the lists, Forbidden for another region."""
    require_region(reader, form.region)
    try:
        ReportQuery.model_validate({"compare": form.compare, "language": form.language})
    except ValidationError as error:
        raise InvalidInput(InvalidInput.of(error).errors) from None
    return ReportPeriod.of_code(form.period)


def _texts(request: Request, error: InvalidInput) -> dict[str, str]:
    pages: Pages = request.app.state.pages
    fields = {"period": "part"}
    return {
        fields.get(each.field, each.field): pages.text(request, _PROBLEMS.get(each.code, _PROBLEMS["bad-format"])) for each in error.errors
    }


def _href(region: str, period: str, file_format: ReportFormat, language: str, compare: str, issue: int | None = None) -> str:
    query = {"language": language, "compare": compare, "issue": issue}
    return f"{PATH}/{region}/{period}.{file_format}?" + urlencode({name: value for name, value in query.items() if value is not None})


async def _render(
    request: Request, work: UnitOfWork, reader: Principal, form: ReportForm, errors: Mapping[str, str] | None = None
) -> Response:
    pages: Pages = request.app.state.pages
    language, now = language_of(request), work.clock.now()
    own = view_of(reader).bound_to
    labels = {code: region.label.in_(language) for code, region in regions().items()}
    labels[COUNTRY] = pages.text(request, N_("The whole country"))
    listed = [_listed(report, labels, language) for report in await latest_reports(work, own, SHOWN)]
    year = now.astimezone(regions()[CENTRAL_OFFICE].timezone).year
    return pages.render(
        request,
        "reports.html",
        422 if errors else 200,
        path_of_form=PATH,
        form=form,
        errors=errors or {},
        bound=own is not None,
        region_label=labels.get(form.region),
        regions=_options(labels),
        years=[(str(each), str(each)) for each in range(year, year - YEARS, -1)],
        parts=_parts(language),
        comparisons=[(code, pages.text(request, label)) for code, label in _COMPARISONS.items()],
        report_languages=list(_LANGUAGE_NAMES.items()),
        listed=listed,
        is_waiting=any(each.report.state is ReportState.QUEUED for each in listed),
        states=ReportState,
        zone=regions()[own or CENTRAL_OFFICE].timezone,
    )


def _options(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the regions to choose from: the country, the regions by name, the central office."""
    named = [(code, label) for code, label in labels.items() if code not in {COUNTRY, CENTRAL_OFFICE}]
    named.sort(key=lambda pair: pair[1])
    return [(COUNTRY, labels[COUNTRY]), *named, (CENTRAL_OFFICE, labels[CENTRAL_OFFICE])]


def _parts(language: Language) -> list[tuple[str, str]]:
    """Return the parts of a year to choose from: code and name."""
    periods = [ReportPeriod(FIRST_YEAR, unit, number) for unit, number in periods_of_year()]
    found = [(period.code.partition("-")[2], period) for period in periods]
    return [(part, part or "–") if language == "en" else (part, period.name(language).short) for part, period in found]


def _listed(report: StoredReport, labels: Mapping[str, str], language: Language) -> ListedReport:
    period = period_of(report)
    links = []
    if report.state is ReportState.READY:
        for code, name in _LANGUAGE_NAMES.items():
            files = [
                (file_format.upper(), _href(report.region, report.period, file_format, code, report.compare, report.issue))
                for file_format in ReportFormat
            ]
            links.append((name, files))
    name = period.code if language == "en" else period.name(language).alone
    return ListedReport(report, labels[report.region], name, links)
