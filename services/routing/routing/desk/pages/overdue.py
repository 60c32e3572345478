"""The page of overdue reports: what has passed its due time, assigned or not, for the supervisor of the queue and for the head."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from routing.cases import service as cases
from routing.cases.schemas.overdue import OverdueRecord
from routing.clocks.service import clock_policies
from routing.desk.pages.listing import OVERDUE_PATH, PAGE, PATH, ListPosition
from routing.desk.pages.reader import DeskReader, Due, due, subject_of
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, to_sign_in
from shared.domain.regions import regions
from shared.errors import Forbidden
from shared.web.i18n import N_
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
PAGE_URL: Final = f"{PATH}/{OVERDUE_PATH}"


@dataclass(frozen=True, slots=True)
class OverdueLine:
    """A row of the page. `assignee` is None for a case that nobody has."""

    href: str
    number: str
    title: str
    where: str
    clock: str
    due: Due
    due_at: datetime
    zone: ZoneInfo
    assignee: str | None


@router.get(f"/desk/{OVERDUE_PATH}")
async def overdue_reports(asked: DeskDep, principal: ClerkDep, cursor: str | None = None) -> Response:
    """Show what is overdue in the cases that the reader sees, the longest overdue first."""
    if principal is None:
        return to_sign_in(asked.request)
    if (level := cases.report_level(principal)) is None:
        raise Forbidden
    reader = asked.reader(principal)
    async with asked.units.read() as work:
        page, names = await cases.list_overdue_reports(work, principal, level, limit=PAGE, cursor=cursor or None)
    return PAGES.render(
        asked.request,
        "desk_overdue.html",
        rows=[_line(record, names.get(record.assignee or "") or record.assignee, reader) for record in page.items],
        total=page.total,
        desk_href=PATH,
        next_href=f"{PAGE_URL}?cursor={page.next_cursor}" if page.next_cursor else None,
        first_href=PAGE_URL if cursor else None,
    )


def _line(record: OverdueRecord, assignee: str | None, reader: DeskReader) -> OverdueLine:
    region = regions()[record.region]
    tier = reader.translate(N_("tier %(n)s"), n=record.tier)
    return OverdueLine(
        href=ListPosition().href(record.appeal_id),
        number=record.number,
        title=subject_of(record, reader),
        where=" · ".join([reader.label(region.label), tier, reader.language_name(record.language)]),
        clock=reader.label(clock_policies()[record.policy].label),
        due=due(record.due_at, reader.now, region.timezone),
        due_at=record.due_at,
        zone=region.timezone,
        assignee=assignee,
    )
