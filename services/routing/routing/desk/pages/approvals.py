"""The inbox of approvals: what waits for a second person in the cases that the reader sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from routing.cases import service as cases
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseFilter, CaseItem
from routing.desk.pages.listing import APPROVALS_PATH, PAGE, PATH, DeskTab, ListPosition
from routing.desk.pages.reader import DeskReader, Due, due, subject_of
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, to_sign_in
from shared.auth import STAFF, Principal, check_role
from shared.domain.regions import regions
from shared.web.i18n import N_
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
PAGE_URL: Final = f"{PATH}/{APPROVALS_PATH}"
_DECIDES: Final = frozenset({CaseAction.APPROVE, CaseAction.APPROVE_EXTENSION})


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """A row of the inbox. `what`: the action that waits; `part`: what the reader has to do with it, in words with a tone."""

    href: str
    number: str
    title: str
    where: str
    what: str
    author: str
    part: str
    tone: str
    due: Due | None
    due_at: datetime | None
    zone: ZoneInfo


@router.get(f"/desk/{APPROVALS_PATH}")
async def approvals(asked: DeskDep, principal: ClerkDep, cursor: str | None = None) -> Response:
    """Show what waits for a second person, earliest due time first."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, *STAFF)
    reader = asked.reader(principal)
    async with asked.units.read() as work:
        page = await cases.list_cases(work, principal, CaseFilter(awaits_approval=True), limit=PAGE, cursor=cursor or None)
        names = await cases.names_of(work, [case.approval_by for case in page.items if case.approval_by is not None])
    return PAGES.render(
        asked.request,
        "desk_approvals.html",
        rows=[_line(case, names, principal, reader) for case in sorted(page.items, key=_urgency)],
        total=page.total,
        desk_href=PATH,
        next_href=f"{PAGE_URL}?cursor={page.next_cursor}" if page.next_cursor else None,
        first_href=PAGE_URL if cursor else None,
    )


def _urgency(case: CaseItem) -> tuple[bool, datetime]:
    """The list comes by the terms of the answers; on its page the terms of the actions count."""
    return case.approval_due_at is None, case.approval_due_at or case.updated_at


def _line(case: CaseItem, names: Mapping[str, str | None], principal: Principal, reader: DeskReader) -> ApprovalLine:
    region, author = regions()[case.region], case.approval_by or ""
    if not _DECIDES.isdisjoint(offer.action for offer in case.next_actions):
        part, tone = N_("You decide"), "warn"
    elif author == principal.subject:
        part, tone = N_("Your request"), "quiet"
    else:
        part, tone = N_("Others decide"), "quiet"
    return ApprovalLine(
        href=ListPosition(DeskTab.APPROVALS).href(case.appeal_id),
        number=case.number,
        title=subject_of(case, reader),
        where=" · ".join(
            [reader.label(region.label), reader.translate(N_("tier %(n)s"), n=case.tier), reader.language_name(case.language)]
        ),
        what=_what(case, reader),
        author=names.get(author) or author,
        part=reader.translate(part),
        tone=tone,
        due=due(case.approval_due_at, reader.now, region.timezone) if case.approval_due_at else None,
        due_at=case.approval_due_at,
        zone=region.timezone,
    )


def _what(case: CaseItem, reader: DeskReader) -> str:
    action = case.approval_action or ""
    rule = next((rule for rule in cases.approval_rules().values() if rule.concerns(action, case.statutory_form, case.tier)), None)
    return reader.label(rule.label if rule else cases.action_labels()[action])
