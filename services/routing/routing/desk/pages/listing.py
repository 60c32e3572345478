"""The list of cases: its tabs, its search, its filters and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from routing.cases import service as cases
from routing.cases.codes import CaseScope, CaseSort, Urgency
from routing.cases.schemas.bulk import BULK_LIMIT
from routing.cases.schemas.views import CaseFilter, CaseSummary, ColleagueView, FoundKeys
from routing.cases.service import colleagues
from routing.desk.pages.filters import (
    SORTS,
    Chip,
    FilterField,
    FilterName,
    Filters,
    chip_texts,
    colleague_options,
    fields_of,
    filter_fields,
    filters_of,
)
from routing.desk.pages.provider import name_of
from routing.desk.pages.reader import DeskReader, Due, due, subject_of, tier_of
from routing.desk.schemas import NamedView
from routing.desk.service.search import stored_search
from routing.desk.service.views import saved_views
from routing.desk.service.visits import unread
from shared.auth import Principal
from shared.domain.identifiers import digits_as_typed
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.domain.text import clean
from shared.unit_of_work import UnitOfWork
from shared.visibility import reads_protected
from shared.web.i18n import N_

PATH: Final = "/routing/desk"
OVERDUE_PATH: Final = "overdue-reports"
APPROVALS_PATH: Final = "approvals"
DEPUTIES_PATH: Final = "deputies"
NUMBER_LENGTH: Final = len("2026-43-0000031-4")
TYPED_LENGTH: Final = 100
PAGE: Final = 25  # rows: about two screens, so that the next due is never far to scroll
LONG_PAGE: Final = BULK_LIMIT  # rows: as many as one action changes at once


class DeskTab(StrEnum):
    """The queues of the desk, as URLs name them."""

    MINE = "mine"
    QUEUE = "queue"
    UNSORTED = "unsorted"
    REGION = "region"
    OVERDUE = "overdue"
    NEWS = "news"
    AWAITING = "awaiting"
    APPROVALS = "approvals"
    PROTECTED = "protected"
    ALL = "all"


_TABS: Final[Mapping[DeskTab, tuple[str, CaseFilter]]] = {
    DeskTab.MINE: (N_("Mine"), CaseFilter(scope=CaseScope.MINE)),
    DeskTab.QUEUE: (N_("Not taken"), CaseFilter(scope=CaseScope.QUEUE)),
    DeskTab.UNSORTED: (N_("Unsorted"), CaseFilter(unsorted=True)),
    DeskTab.REGION: (N_("My region"), CaseFilter(scope=CaseScope.REGION, is_open=True)),
    DeskTab.OVERDUE: (N_("Overdue"), CaseFilter(overdue=True)),
    DeskTab.NEWS: (N_("With news"), CaseFilter(has_news=True)),
    DeskTab.AWAITING: (N_("Awaiting the provider"), CaseFilter(status=CaseStatus.AWAITING_PROVIDER)),
    DeskTab.APPROVALS: (N_("Awaiting approval"), CaseFilter(awaits_approval=True)),
    DeskTab.PROTECTED: (N_("Protected"), CaseFilter(protected=True, is_open=True)),
    DeskTab.ALL: (N_("All"), CaseFilter()),
}


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Which list is open, with its filters and its order, and the page in it.

    Every link carries the position, so that the list stays open beside the case.
    `is_search`: something was searched for, even if it contains no digits of a number. `search`: the reference of a stored search.
    `is_long`: a page has LONG_PAGE rows.
    """

    tab: DeskTab | None = None
    query: str = ""
    cursor: str | None = None
    is_search: bool = False
    search: UUID | None = None
    filters: Filters = field(default_factory=dict)
    sort: CaseSort = CaseSort.DUE
    is_long: bool = False

    def href(self, *steps: object, **more: str) -> str:
        """Return the URL of the list; with an appeal's id that of the case, and with an action after it the target of the form."""
        sort = self.sort if self.sort is not CaseSort.DUE else ""
        filters = {name.value: value for name, value in self.filters.items()}
        search = str(self.search) if self.search is not None else ""
        page = {"sort": sort, "rows": str(LONG_PAGE) if self.is_long else "", "cursor": self.cursor or ""}
        parameters = {"tab": self.tab or "", "query": self.query, "search": search} | filters | page | more
        given = urlencode({name: value for name, value in parameters.items() if value})
        return "/".join([PATH, *map(str, steps)]) + (f"?{given}" if given else "")

    def without(self, name: FilterName) -> str:
        """Return the URL of the first page of the list without a filter."""
        left = {each: value for each, value in self.filters.items() if each is not name}
        return replace(self, filters=left, cursor=None).href()


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A row of the list; `where`: region, tier and language; `unread`: new to the reader."""

    href: str
    appeal_id: UUID
    version: int
    current: bool
    title: str
    urgent: bool
    unread: bool
    due: Due | None
    status: str
    where: str
    number: str
    mentions_you: bool
    call_due: bool
    awaits_approval: bool
    extended: bool


@dataclass(frozen=True, slots=True)
class FilterBar:
    """The form of the filters: what it keeps of the address, its fields, the orders to choose from, and the chips of what is set."""

    hidden: list[tuple[str, str]]
    fields: list[FilterField]
    sorts: list[tuple[str, str]]
    sort: CaseSort
    sort_text: str
    chips: list[Chip]
    cleared_href: str


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view: its name and address, and the targets of the forms that change it."""

    name: str
    href: str
    current: bool
    rename_action: str
    delete_action: str


@dataclass(frozen=True, slots=True)
class CaseList:
    """What the template of the list shows; `tabs` are (href, text with its count, current).

    `is_lookup`: the search was looked up in intake. `is_incomplete`: intake did not answer.
    """

    tab: DeskTab
    query: str
    href: str
    action: str
    tabs: list[tuple[str, str, bool]]
    bar: FilterBar
    views: list[ViewLink]
    save_action: str
    colleagues: Sequence[ColleagueView]
    """Those whose cases the reader may ask for."""
    colleague_choices: Sequence[tuple[str, str]]
    """The same as codes and labels."""
    deputies_href: str | None
    """For a head: where deputies are appointed."""
    rows: list[CaseLine]
    may_tick: bool
    """Whether the reader's role changes cases, so that rows can be ticked for one action on all of them."""
    total: int
    is_search: bool
    is_lookup: bool
    is_incomplete: bool
    refresh_href: str
    next_href: str | None
    first_href: str | None
    following: str | None
    """The URL of the row below the current one, else of the first other row; its heading gets the focus."""


async def case_list(work: UnitOfWork, principal: Principal, position: ListPosition, reader: DeskReader, current: UUID | None) -> CaseList:
    """Return the list at `position`.

    Without a tab: all visible cases under the filters; without filters either the reader's own cases, or the unassigned ones if there
    are none. The count of a tab is the `total` of its list. Raises InvalidInput for an unknown filter and for a cursor of another list.
    """
    fields = fields_of(position.filters, position.sort)
    tabs = await tabs_of(work, principal)
    counts = await _counts_of(work, principal, tabs)
    tab = position.tab if position.tab in tabs else None
    if tab is DeskTab.AWAITING and FilterName.STATUS in position.filters:
        tab = DeskTab.ALL  # the status of the filter takes the place of the tab's
    if tab is None:
        tab = DeskTab.ALL if position.filters else DeskTab.MINE if counts[DeskTab.MINE] else DeskTab.QUEUE
    position = replace(position, tab=None if position.is_search else tab)
    found = await stored_search(work, principal, position.search) if position.search is not None else None
    wanted = _TABS[tab][1]
    if position.is_search:
        wanted = CaseFilter(found=found.found if found else FoundKeys()) if position.search else CaseFilter(number=position.query)
    limit = LONG_PAGE if position.is_long else PAGE
    narrowed, total = fields.narrow(principal, wanted), None if position.filters or position.is_search else counts.get(tab)
    page = await cases.list_cases(work, principal, narrowed, limit=limit, cursor=position.cursor, with_actions=False, total=total)
    new = await unread(work, principal, page.items)
    known = await colleagues.listed(work, principal)
    first = replace(position, cursor=None)
    links = [_tab(code, reader, counts, is_current=code == tab and not position.is_search) for code in tabs]
    ids = [case.appeal_id for case in page.items]
    below = ids[ids.index(current) + 1 :] if current in ids else []
    following = next((appeal_id for appeal_id in [*below, *ids] if appeal_id != current), None)
    return CaseList(
        tab=tab,
        query=position.query,
        href=position.href(),
        action=PATH,
        tabs=[*links[:-1], *await _reports_tab(work, principal, reader), links[-1]],  # all cases stay the last
        bar=_filter_bar(first, reader, colleague_options(known)),
        views=[_view_link(view, first) for view in await saved_views(work, principal)],
        save_action=first.href("views"),
        colleagues=known,
        colleague_choices=colleague_options(known),
        deputies_href=f"{PATH}/{DEPUTIES_PATH}" if principal.has("head") and principal.region else None,
        may_tick=principal.is_staff,
        rows=[_line(case, principal, reader, position.href(case.appeal_id), current, case.appeal_id in new) for case in page.items],
        total=page.total,
        is_search=position.is_search,
        is_lookup=position.search is not None,
        is_incomplete=bool(found and found.unavailable),
        refresh_href=position.href("rows", **({"current": str(current)} if current else {})),
        next_href=replace(position, cursor=page.next_cursor).href() if page.next_cursor else None,
        first_href=first.href() if position.cursor else None,
        following=f"{position.href(following)}#case-title" if following else None,
    )


async def count_at(work: UnitOfWork, principal: Principal, position: ListPosition) -> int:
    """Return how many cases the list at `position` has; without a tab and a search, all cases under the filters."""
    wanted = _TABS[position.tab or DeskTab.ALL][1]
    return await cases.count_cases(work, principal, fields_of(position.filters, position.sort).narrow(principal, wanted))


async def tabs_of(work: UnitOfWork, principal: Principal) -> list[DeskTab]:
    """Return the tabs of a person: the region is for those who have one, approvals are for those who decide on them."""
    hidden = set() if principal.region is not None else {DeskTab.REGION}
    if not cases.may_decide(await cases.acting(work, principal)):
        hidden.add(DeskTab.APPROVALS)
    if not reads_protected(principal):
        hidden.add(DeskTab.PROTECTED)
    return [tab for tab in _TABS if tab not in hidden]


async def _counts_of(work: UnitOfWork, principal: Principal, tabs: Sequence[DeskTab]) -> dict[DeskTab, int]:
    """Return the number of cases of each tab but "all". News may be about a closed case; unsorted cases have an index of their own."""
    single = (DeskTab.NEWS, DeskTab.UNSORTED)
    of_open = [tab for tab in tabs if tab not in {DeskTab.ALL, *single}]
    found = await cases.count_open_cases(work, principal, [_own(_TABS[tab][1], principal) for tab in of_open])
    counts = dict(zip(of_open, found, strict=True))
    return counts | {tab: await cases.count_cases(work, principal, _TABS[tab][1]) for tab in single}


def _own(wanted: CaseFilter, principal: Principal) -> CaseFilter:
    return replace(wanted, subject=principal.subject, region=principal.region)


def _tab(code: DeskTab, reader: DeskReader, counts: Mapping[DeskTab, int], *, is_current: bool) -> tuple[str, str, bool]:
    text = reader.translate(_TABS[code][0])
    href = f"{PATH}/{APPROVALS_PATH}" if code is DeskTab.APPROVALS else ListPosition(code).href()
    return href, f"{text} {counts[code]}" if code in counts else text, is_current


async def _reports_tab(work: UnitOfWork, principal: Principal, reader: DeskReader) -> list[tuple[str, str, bool]]:
    """Return the link to the page of overdue reports, with their number, for those who get them."""
    level = cases.report_level(principal)
    if level is None:
        return []
    count = await cases.count_overdue_reports(work, principal, level)
    return [(f"{PATH}/{OVERDUE_PATH}", f"{reader.translate(N_('Overdue reports'))} {count}", False)]


def _view_link(view: NamedView, position: ListPosition) -> ViewLink:
    change = {step: position.href("views", view.view_id, step) for step in ("rename", "delete")}
    is_current = position.href().partition("?")[2] == view.address
    return ViewLink(view.name, f"{PATH}?{view.address}", is_current, rename_action=change["rename"], delete_action=change["delete"])


def _filter_bar(position: ListPosition, reader: DeskReader, found: Sequence[tuple[str, str]]) -> FilterBar:
    search = str(position.search or "")
    kept = {
        "tab": position.tab or "",
        "query": position.query,
        "search": search,
        FilterName.PROVIDER: position.filters.get(FilterName.PROVIDER, ""),
    }
    return FilterBar(
        hidden=[(str(name), value) for name, value in kept.items() if value],
        fields=filter_fields(position.filters, reader, found),
        sorts=[(sort, reader.translate(text)) for sort, text in SORTS.items()],
        sort=position.sort,
        sort_text=reader.translate(SORTS[position.sort]),
        chips=[Chip(text, position.without(name)) for name, text in chip_texts(position.filters, reader, dict(found))],
        cleared_href=replace(position, filters={}).href(),
    )


def _line(case: CaseSummary, principal: Principal, reader: DeskReader, href: str, current: UUID | None, is_unread: bool) -> CaseLine:
    region = regions()[case.region]
    where = [] if case.region == principal.region else [reader.label(region.label)]  # the reader's own region is not repeated
    provider = [name_of(case.provider, reader)] if case.provider else []
    return CaseLine(
        href=href,
        appeal_id=case.appeal_id,
        version=case.version,
        current=case.appeal_id == current,
        title=subject_of(case, reader),
        urgent=case.urgency == Urgency.URGENT,
        unread=is_unread and case.appeal_id != current,
        due=due(case.next_due_at, reader.now, region.timezone) if case.next_due_at else None,
        status=reader.label(cases.status_labels()[case.status]),
        where=" · ".join([*where, *provider, tier_of(case, reader), reader.language_name(case.language)]),
        number=case.number,
        mentions_you=case.mentions_you,
        call_due=_is_call_due(case, reader),
        awaits_approval=case.awaits_approval,
        extended=case.extended_until is not None and case.closed_at is None,
    )


def _is_call_due(case: CaseSummary, reader: DeskReader) -> bool:
    """Return whether the day to call the applicant again has come, in the region of the case."""
    today = reader.now.astimezone(regions()[case.region].timezone).date()
    return case.follow_up_on is not None and case.closed_at is None and case.follow_up_on <= today


def reference_of(text: str) -> UUID | None:
    """Return an id from an address, None for none; a damaged one is the id of nothing, and finds nothing."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)


def visible_cases_text(principal: Principal, reader: DeskReader) -> str:
    """Return which cases the principal sees, as the heading of the list."""
    if principal.region is not None and principal.region in regions():
        return reader.label(regions()[principal.region].label)
    if principal.has("expert") and not principal.has("operator", "admin"):
        return reader.translate(N_("Third tier, all regions"))
    sees_all = principal.has("admin") or (principal.has("operator") and principal.region is None)
    return reader.translate(N_("All regions")) if sees_all else reader.translate(N_("No region is assigned to you"))


def position_of(parameters: Mapping[str, str]) -> ListPosition:
    """Return the position that the parameters of a URL name. Of a search only digits are carried on; any other text finds nothing."""
    typed = parameters.get("query", "")[:TYPED_LENGTH]
    search = reference_of(parameters.get("search", ""))
    tab, sort = parameters.get("tab", ""), parameters.get("sort", "")
    return ListPosition(
        tab=DeskTab(tab) if tab in frozenset(DeskTab) else None,
        query=digits_as_typed(typed)[:NUMBER_LENGTH],
        cursor=parameters.get("cursor") or None,
        is_search=bool(clean(typed)) or search is not None,
        search=search,
        filters=filters_of(parameters),
        sort=CaseSort(sort) if sort in frozenset(CaseSort) else CaseSort.DUE,
        is_long=parameters.get("rows") == str(LONG_PAGE),
    )
