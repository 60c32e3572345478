"""The list of cases: its tabs, its search and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from routing.cases import service as cases
from routing.cases.codes import CaseScope, Urgency
from routing.cases.schemas.views import CaseFilter, CaseSummary
from routing.desk.pages.provider import name_of
from routing.desk.pages.reader import DeskReader, Due, due, subject_of
from shared.auth import Principal
from shared.domain.identifiers import digits_as_typed
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.http import ListResponse
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_

PATH: Final = "/routing/desk"
NUMBER_LENGTH: Final = len("2026-43-0000031-4")
TYPED_LENGTH: Final = 100
PAGE: Final = 25  # rows: about two screens, so that the next due is never far to scroll


class DeskTab(StrEnum):
    """The tabs of the list, as URLs name them."""

    MINE = "mine"
    QUEUE = "queue"
    OVERDUE = "overdue"
    AWAITING = "awaiting"


_TABS: Final[Mapping[DeskTab, tuple[str, CaseFilter]]] = {
    DeskTab.MINE: (N_("Mine"), CaseFilter(scope=CaseScope.MINE)),
    DeskTab.QUEUE: (N_("Not taken"), CaseFilter(scope=CaseScope.QUEUE)),
    DeskTab.OVERDUE: (N_("Overdue"), CaseFilter(overdue=True)),
    DeskTab.AWAITING: (N_("Awaiting the provider"), CaseFilter(status=CaseStatus.AWAITING_PROVIDER)),
}


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Which list is open, and the page in it. Every link carries the position, so that the list stays open beside the case.

    `is_search`: something was searched for, even if it contains no digits of a number.
    """

    tab: DeskTab | None = None
    query: str = ""
    cursor: str | None = None
    is_search: bool = False

    def href(self, *steps: object, **more: str) -> str:
        """Return the URL of the list; with an appeal's id that of the case, and with an action after it the target of the form."""
        parameters = {"tab": self.tab or "", "query": self.query, "cursor": self.cursor or ""} | more
        given = urlencode({name: value for name, value in parameters.items() if value})
        return "/".join([PATH, *map(str, steps)]) + (f"?{given}" if given else "")


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A row of the list; `where`: region, tier and language."""

    href: str
    current: bool
    title: str
    urgent: bool
    due: Due | None
    status: str
    where: str
    number: str
    mentions_you: bool
    call_due: bool


@dataclass(frozen=True, slots=True)
class CaseList:
    """What the template of the list shows; `tabs` are (href, text with its count, current)."""

    tab: DeskTab
    query: str
    href: str
    action: str
    tabs: list[tuple[str, str, bool]]
    rows: list[CaseLine]
    total: int
    is_search: bool
    next_href: str | None
    first_href: str | None


async def case_list(work: UnitOfWork, principal: Principal, position: ListPosition, reader: DeskReader, current: UUID | None) -> CaseList:
    """Return the list at `position`. Without a tab: the reader's own cases, or the unassigned ones if there are none.

    The count of a tab is the `total` of its list. Raises InvalidInput for a cursor of another list.
    """

    async def listed(wanted: CaseFilter, limit: int, cursor: str | None = None) -> ListResponse[CaseSummary]:
        own = replace(wanted, subject=principal.subject)
        return await cases.list_cases(work, principal, own, limit=limit, cursor=cursor)

    counts = {tab: (await listed(wanted, 1)).total for tab, (_, wanted) in _TABS.items()}
    tab = position.tab or (DeskTab.MINE if counts[DeskTab.MINE] else DeskTab.QUEUE)
    position = replace(position, tab=None if position.is_search else tab)
    page = await listed(CaseFilter(number=position.query) if position.is_search else _TABS[tab][1], PAGE, position.cursor)
    first = replace(position, cursor=None)
    return CaseList(
        tab=tab,
        query=position.query,
        href=position.href(),
        action=PATH,
        tabs=[
            (ListPosition(code).href(), f"{reader.translate(text)} {counts[code]}", code == tab and not position.is_search)
            for code, (text, _) in _TABS.items()
        ],
        rows=[_line(case, principal, reader, position.href(case.appeal_id), case.appeal_id == current) for case in page.items],
        total=page.total,
        is_search=position.is_search,
        next_href=replace(position, cursor=page.next_cursor).href() if page.next_cursor else None,
        first_href=first.href() if position.cursor else None,
    )


def _line(case: CaseSummary, principal: Principal, reader: DeskReader, href: str, current: bool) -> CaseLine:
    region = regions()[case.region]
    where = [] if case.region == principal.region else [reader.label(region.label)]  # the reader's own region is not repeated
    provider = [name_of(case.provider, reader)] if case.provider else []
    return CaseLine(
        href=href,
        current=current,
        title=subject_of(case, reader),
        urgent=case.urgency == Urgency.URGENT,
        due=due(case.next_due_at, reader.now, region.timezone) if case.next_due_at else None,
        status=reader.label(taxonomy().statuses[case.status].label),
        where=" · ".join([*where, *provider, reader.translate(N_("tier %(n)s"), n=case.tier), reader.language_name(case.language)]),
        number=case.number,
        mentions_you=case.mentions_you,
        call_due=_is_call_due(case, reader),
    )


def _is_call_due(case: CaseSummary, reader: DeskReader) -> bool:
    """Return whether the day to call the applicant again has come, in the region of the case."""
    today = reader.now.astimezone(regions()[case.region].timezone).date()
    return case.follow_up_on is not None and case.closed_at is None and case.follow_up_on <= today


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
    tab = parameters.get("tab", "")
    return ListPosition(
        tab=DeskTab(tab) if tab in frozenset(DeskTab) else None,
        query=digits_as_typed(typed)[:NUMBER_LENGTH],
        cursor=parameters.get("cursor") or None,
        is_search=bool(clean(typed)),
    )
