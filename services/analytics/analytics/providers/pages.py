"""The page of the provider index: a funnel plot, the sentence that says what it shows, and the table."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from analytics.facts import service as facts
from analytics.kpis.service import Period, period_of_code, region_options
from analytics.providers.policy import index_rules
from analytics.providers.schemas import IndexQuery, IndexSort, ProviderIndexItem
from analytics.providers.service import (
    FUNNEL_NAMES,
    READERS,
    IndexSummary,
    index_csv,
    index_funnel,
    index_sentence,
    provider_index,
    region_for,
)
from analytics.sentences.service import period_name
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ReadDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput
from shared.files.downloads import DOWNLOAD_HEADERS, disposition
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.viewer import show_viewer

PATH: Final = "/analytics/providers"
ROWS: Final = 100
"""Rows of the table on a page."""
QUARTERS_OFFERED: Final = 8
YEARS_OFFERED: Final = 4
_PROBLEMS: Final = {
    "unknown-code": N_("Choose one of the list."),
    "bad-format": N_("Choose one of the list."),
    "too-long": N_("Choose one of the list."),
}
_COLUMNS: Final = (
    (IndexSort.NAME, N_("Medical organisation"), ""),
    (IndexSort.INDEX, N_("Index"), "n"),
    (IndexSort.COMPLAINTS, N_("Complaints"), "n"),
    (IndexSort.RATIO, N_("Compared with expected"), ""),
    (None, N_("Per 10,000 appeals"), "n"),
    (IndexSort.WITHDRAWALS, N_("Withdrawn, not checked"), "n"),
    (None, N_("Promises kept"), "n"),
    (IndexSort.RATING, N_("Rating"), "n"),
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
ReaderDep = Annotated[Principal, Depends(require_page(*READERS))]


class Heading(NamedTuple):
    """A heading of the table; `href` sorts by it. `is_sorted`: the table is in this order."""

    label: str
    css: str
    href: str | None
    is_sorted: bool


class Entered(NamedTuple):
    """The values of the form, as they were entered even if they are wrong."""

    period: str
    region: str
    sort: str

    def href(self, path: str = PATH, **changed: str) -> str:
        """Return a link with changed values."""
        values = self._asdict() | changed
        return f"{path}?{urlencode({name: value for name, value in values.items() if value})}"


@router.get("/providers")
async def providers_page(request: Request, principal: PagePrincipalDep, work: ReadDep) -> Response:
    """Show the index of a period and a region."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    check_role(principal, *READERS)
    parameters = {name: request.query_params.get(name, "").strip() for name in ("period", "region", "sort")}
    offered = _periods(_today(work.clock.now()))
    region = region_for(principal, parameters["region"] or None)
    entered = Entered(parameters["period"] or offered[1], region or "", parameters["sort"])
    try:
        query = IndexQuery.model_validate({name: value for name, value in entered._asdict().items() if value})
        period = period_of_code(query.period)
    except (ValidationError, InvalidInput) as error:
        problem = error if isinstance(error, InvalidInput) else InvalidInput.of(error)
        pages: Pages = request.app.state.pages
        errors = {each.field: pages.text(request, _PROBLEMS.get(each.code, _PROBLEMS["unknown-code"])) for each in problem.errors}
        return _render(request, principal, entered, offered, errors=errors)
    items = await provider_index(work, period, query.region, query.sort)
    return await _shown(request, principal, work, entered, offered, period, items)


@router.get("/providers.csv")
async def download_index(query: Annotated[IndexQuery, Query()], reader: ReaderDep, work: ReadDep) -> Response:
    """Return the whole index as a file."""
    region = region_for(reader, query.region)
    items = await provider_index(work, period_of_code(query.period), region, query.sort)
    name = f"aryz-providers-{query.period}{f'-{region}' if region else ''}.csv"
    headers = {"Content-Disposition": disposition(name), **DOWNLOAD_HEADERS}
    return Response(index_csv(items), headers=headers, media_type="text/csv")


def _today(now: datetime) -> date:
    return now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def _periods(today: date) -> Sequence[str]:
    """Return the codes of the periods of the form, the current quarter first."""
    quarter = today.year * 4 + (today.month - 1) // 3
    quarters = [f"{each // 4}-Q{each % 4 + 1}" for each in range(quarter, quarter - QUARTERS_OFFERED, -1)]
    return [*quarters, *(str(today.year - back) for back in range(YEARS_OFFERED))]


async def _shown(
    request: Request,
    principal: Principal,
    work: UnitOfWork,
    entered: Entered,
    offered: Sequence[str],
    period: Period,
    items: Sequence[ProviderIndexItem],
) -> Response:
    language = language_of(request)
    sentence = index_sentence(items, period, language)
    drawing = index_funnel(items, sentence, language)
    return _render(
        request,
        principal,
        entered,
        offered,
        period=period,
        items=items,
        sentence=sentence,
        drawing=None if drawing is None else drawing.in_page(),
        as_of=await facts.applied_until(work.session) or work.clock.now(),
    )


def _render(
    request: Request,
    principal: Principal,
    entered: Entered,
    offered: Sequence[str],
    *,
    errors: Mapping[str, str] | None = None,
    items: Sequence[ProviderIndexItem] = (),
    **context: object,
) -> Response:
    pages: Pages = request.app.state.pages
    language = language_of(request)
    labels = {code: each.label.in_(language) for code, each in regions().items()}
    position = _start(request.query_params.get("start", ""))
    following = position + ROWS
    listed = [item for item in items if item.has_figures]
    codes = list(dict.fromkeys([*offered, *([] if errors else [entered.period])]))
    sort = entered.sort or IndexSort.INDEX
    return pages.render(
        request,
        "providers.html",
        422 if errors else 200,
        entered=entered,
        errors=errors or {},
        bound=not principal.has("analyst", "admin"),
        region_label=labels.get(entered.region),
        regions=region_options(language),
        labels=labels,
        kinds={code: kind.label.in_(language) for code, kind in taxonomy().provider_kinds.items()},
        periods=[(code, _name(code, language)) for code in codes],
        headings=[
            Heading(pages.text(request, label), css, entered.href(sort=each) if each else None, each == sort)
            for each, label, css in _COLUMNS
        ],
        positions={each: pages.text(request, text) for each, text in FUNNEL_NAMES.items()},
        name_of=lambda item: item.name_kk if language == "kk" else item.name_ru,
        rows=listed[position:following],
        shown=min(following, len(listed)),
        total=len(listed),
        known=len(items),
        named=sum(item.complaints for item in items),
        compared=IndexSummary.of(items).compared,
        minimum=index_rules().minimum_complaints,
        longer=None if errors else _longer(entered, language),
        next_href=entered.href(start=str(following)) if following < len(listed) else None,
        first_href=entered.href() if position else None,
        download=entered.href(f"{PATH}.csv"),
        **{"period": None, "drawing": None, "sentence": "", "as_of": None, **context},
    )


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - more rows than there can be


def _longer(entered: Entered, language: str) -> tuple[str, str] | None:
    """Return the address and the name of the year of a shorter period; None for a year."""
    year, _, part = entered.period.partition("-")
    return (entered.href(period=year), _name(year, language)) if part else None


def _name(code: str, language: str) -> str:
    period = period_of_code(code)
    return getattr(period_name(period.first, period.last), language)  # type: ignore[no-any-return]
