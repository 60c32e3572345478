"""The inbox: the inquiries of the provider by deadline, with the clock that governs each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from provider_contact.accounts.service.colleagues import colleagues
from provider_contact.inquiries.service.labels import clock_label, status_label
from provider_contact.portal.codes import InboxTab
from provider_contact.portal.pages.visitor import PATH, Visit, VisitDep
from provider_contact.portal.schemas import InboxFilter, InboxPosition, InboxRow
from provider_contact.portal.service.inbox import read_inbox
from shared.domain.identifiers import digits_as_typed
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.http import Cursor, CursorText
from shared.web.i18n import N_
from shared.web.viewer import show_viewer

LISTED: Final = 25
TYPED: Final = 40
TABS: Final[Mapping[InboxTab, str]] = {
    InboxTab.OPEN: N_("Open"),
    InboxTab.OVERDUE: N_("Overdue"),
    InboxTab.UNREAD: N_("Unread"),
    InboxTab.MINE: N_("Mine"),
    InboxTab.ANSWERED: N_("Answered"),
    InboxTab.ALL: N_("All"),
}
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class InquiryLine(NamedTuple):
    """A row of the inbox."""

    href: str
    category: str
    number: str
    clock: str
    due_at: datetime
    zone: ZoneInfo
    status: str
    overdue: bool
    settled: bool
    unread: bool
    round: int
    asked_time: bool
    assignee: str


@router.get("/portal")
async def inbox(
    visit: VisitDep, tab: InboxTab = InboxTab.OPEN, number: Annotated[str, Query()] = "", cursor: CursorText = None
) -> Response:
    """Show a list of the inbox."""
    if isinstance(visit, Response):
        return visit
    typed = clean(number)[:TYPED]
    digits = digits_as_typed(typed)
    is_searched = bool(typed)
    after = _position(cursor) if cursor is not None else None
    wanted = InboxFilter(InboxTab.ALL if is_searched else tab, digits or ("-" if is_searched else ""))  # a hyphen matches nothing
    async with visit.units.read() as work:
        found = await read_inbox(work, visit.principal, visit.account, wanted, after, LISTED)
        names = {each.account_id: each.name for each in await colleagues(work, visit.account.provider_id)}
    next_cursor = Cursor.encode(int(found.after[0]), found.after[1], found.after[2]) if found.after else None
    return visit.render(
        "portal_inbox.html",
        here="inbox",
        tabs=[(href(each), f"{visit.text(name)} {found.counts[each]}", each is wanted.tab) for each, name in TABS.items()]
        if not is_searched
        else [],
        tab=wanted.tab,
        number=typed,
        rows=[line(row, visit, names) for row in found.rows],
        total=found.counts[wanted.tab],
        next=href(tab, typed, next_cursor) if next_cursor else None,
        first=href(tab, typed) if cursor else None,
    )


def href(tab: InboxTab, number: str = "", cursor: str | None = None) -> str:
    """Return the URL of a list."""
    given = {"tab": tab if tab is not InboxTab.OPEN else "", "number": number, "cursor": cursor or ""}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{PATH}?{query}" if query else PATH


def _position(cursor: str) -> InboxPosition:
    settled, due_at, inquiry_id = Cursor.decode(cursor, int, datetime, UUID)
    return bool(settled), due_at, inquiry_id


def line(row: InboxRow, visit: Visit, names: Mapping[UUID, str]) -> InquiryLine:
    """Return a row as the person reads it."""
    category = taxonomy().categories.get(row.category)
    return InquiryLine(
        href=f"{PATH}/inquiries/{row.inquiry_id}",
        category=visit.label(category.label) if category else row.category,
        number=row.number,
        clock=visit.label(clock_label(row.clock)),
        due_at=row.due_at,
        zone=regions()[row.region].timezone,
        status=visit.text(N_("Case closed")) if row.closed_at is not None else visit.label(status_label(row.status)),
        overdue=row.overdue and not row.settled,
        settled=row.settled,
        unread=row.unread,
        round=row.round,
        asked_time=row.time_asked_until is not None,
        assignee=names.get(row.assignee, "") if row.assignee else "",
    )
