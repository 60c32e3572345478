"""The list of cases beside the case: its tabs, its search and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import service
from routing.pages.words import Due, Reader, due, subject_of
from routing.repository import CaseFilter
from routing.schemas import CaseSummary
from shared.auth import Principal
from shared.domain.identifiers import digits_as_typed
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.http import ListResponse
from shared.web.i18n import N_

PATH: Final = "/routing/desk"
NUMBER_LENGTH: Final = len("2026-43-0000031-4")
TYPED_LENGTH: Final = 100
PAGE: Final = 25  # rows: about two screens, so that the next due is never far to scroll
_TABS: Final[Mapping[str, tuple[str, CaseFilter]]] = {
    "mine": (N_("Mine"), CaseFilter(scope="mine")),
    "queue": (N_("Not taken"), CaseFilter(scope="queue")),
    "overdue": (N_("Overdue"), CaseFilter(overdue=True)),
    "awaiting": (N_("Awaiting the provider"), CaseFilter(status="AWAITING_PROVIDER")),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Which list is open, and where in it; it goes along in every link, so that the list stays beside the case."""

    tab: str = ""
    query: str = ""
    cursor: str | None = None
    is_search: bool = False
    """Something was searched for, though perhaps nothing that a number holds."""

    def href(self, *steps: object, **more: str) -> str:
        """The list, or with an appeal's id the case, or with an action behind it where its form goes."""
        parameters = {"tab": self.tab, "query": self.query, "cursor": self.cursor or ""} | more
        given = urlencode({name: value for name, value in parameters.items() if value})
        return "/".join([PATH, *map(str, steps)]) + (f"?{given}" if given else "")


@dataclass(frozen=True, slots=True)
class Row:
    href: str
    current: bool
    title: str
    urgent: bool
    due: Due | None
    status: str
    where: str
    number: str


@dataclass(frozen=True, slots=True)
class Queue:
    """What the template shows; `tabs` are (href, text with its count, current)."""

    tab: str
    query: str
    href: str
    action: str
    tabs: list[tuple[str, str, bool]]
    rows: list[Row]
    total: int
    is_search: bool
    next_href: str | None
    first_href: str | None


async def queue_view(session: AsyncSession, principal: Principal, place: Place, reader: Reader, current: UUID | None) -> Queue:
    """The list at `place`; without a choice one's own cases, or what nobody has taken when there are none.

    A tab's count is the `total` of its list. Raises InvalidInput for a cursor of another list.
    """

    async def listed(wanted: CaseFilter, limit: int, cursor: str | None = None) -> ListResponse[CaseSummary]:
        own = replace(wanted, subject=principal.subject)
        return await service.list_cases(session, principal, own, reader.now, limit=limit, cursor=cursor)

    counts = {tab: (await listed(wanted, 1)).total for tab, (_, wanted) in _TABS.items()}
    tab = place.tab or ("mine" if counts["mine"] else "queue")
    place = replace(place, tab="" if place.is_search else tab)
    page = await listed(CaseFilter(number=place.query) if place.is_search else _TABS[tab][1], PAGE, place.cursor)
    first = replace(place, cursor=None)
    return Queue(
        tab=tab,
        query=place.query,
        href=place.href(),
        action=PATH,
        tabs=[
            (Place(code).href(), f"{reader.say(text)} {counts[code]}", code == tab and not place.is_search)
            for code, (text, _) in _TABS.items()
        ],
        rows=[_row(case, principal, reader, place.href(case.appeal_id), case.appeal_id == current) for case in page.items],
        total=page.total,
        is_search=place.is_search,
        next_href=replace(place, cursor=page.next_cursor).href() if page.next_cursor else None,
        first_href=first.href() if place.cursor else None,
    )


def _row(case: CaseSummary, principal: Principal, reader: Reader, href: str, current: bool) -> Row:
    region = regions()[case.region]
    where = [] if case.region == principal.region else [reader.label(region.label)]  # one's own goes without saying
    return Row(
        href=href,
        current=current,
        title=subject_of(case, reader),
        urgent=case.urgency == "URGENT",
        due=due(case.next_due_at, reader.now, region.timezone) if case.next_due_at else None,
        status=reader.label(taxonomy().statuses[case.status].label),
        where=" · ".join([*where, reader.say(N_("tier %(n)s"), n=case.tier), reader.language_name(case.language)]),
        number=case.number,
    )


def sees(principal: Principal, reader: Reader) -> str:
    """Whose cases these are, in a few words on top of the list."""
    if principal.region is not None and principal.region in regions():
        return reader.label(regions()[principal.region].label)
    if principal.has("expert") and not principal.has("operator", "admin"):
        return reader.say(N_("Third tier, all regions"))
    sees_all = principal.has("admin") or (principal.has("operator") and principal.region is None)
    return reader.say(N_("All regions")) if sees_all else reader.say(N_("No region is given to you"))


def place_of(parameters: Mapping[str, str]) -> Place:
    """The place that a URL's parameters name. Of a search the digits of a number go along; any other text finds nothing."""
    typed = parameters.get("query", "")[:TYPED_LENGTH]
    tab = parameters.get("tab", "")
    return Place(
        tab=tab if tab in _TABS else "",
        query=digits_as_typed(typed)[:NUMBER_LENGTH],
        cursor=parameters.get("cursor") or None,
        is_search=bool(clean(typed)),
    )
