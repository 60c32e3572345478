"""The routes of the pages about one colleague, and of the switches of the queues."""

from fastapi import APIRouter, Depends, Response
from pydantic_core import to_json

from routing.cases import service as cases
from routing.cases.schemas.colleagues import SetAbsence
from routing.cases.schemas.staffing import Reassign, Reassigned, SetAutomatic, SetStaffing
from routing.cases.schemas.views import ColleagueView
from routing.cases.service import colleagues, reassignment, staffing
from routing.desk.pages import forms
from routing.desk.pages.listing import PATH
from routing.desk.pages.member import MEMBER, SHIFTS, Sent, member_href, member_page, staffing_command
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, DeskRequest, to_sign_in
from routing.desk.pages.team import TEAM
from shared.auth import STAFF, Principal, check_role
from shared.errors import InvalidInput, NotFound
from shared.http import parse
from shared.unit_of_work import UnitOfWork
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
_SAME_ORIGIN = [Depends(require_same_origin)]


@router.get(f"/desk/{SHIFTS}")
async def own_shifts(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show the reader's own shifts and absences."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, *STAFF)
    return await _page(asked, principal, principal.subject)


@router.get(f"/desk/{MEMBER}")
async def member(asked: DeskDep, principal: ClerkDep, subject: str = "") -> Response:
    """Show a colleague of the reader's region: shifts, absences, and what is assigned by rule."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "supervisor", "head")
    return await _page(asked, principal, subject)


@router.post(f"/desk/{SHIFTS}", dependencies=_SAME_ORIGIN)
async def plan_absence(asked: DeskDep, principal: ClerkDep) -> Response:
    """Record an absence of the reader, or of a colleague whom the reader manages, or end one."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, *STAFF)
    sent = await forms.read(asked.request)
    subject = sent.get("subject") or principal.subject
    fields = {name: sent.get(name) or None for name in ("absent_from", "absent_until", "deputy")}
    is_ended = "end" in sent
    try:
        if fields["absent_until"] is None and not is_ended:
            raise InvalidInput.field("absent_until", "required", "Give the day of return.")
        command = parse(SetAbsence, to_json({"subject": subject, **fields}))
        async with asked.units.write() as work:
            await cases.set_absence(work, principal, command)
    except InvalidInput as refusal:
        return await _page(asked, principal, subject, sent=sent, refusal=refusal)
    back = f"{PATH}/{SHIFTS}" if subject == principal.subject else member_href(subject)
    return PAGES.redirect(back, flash="absence-ended" if is_ended else "absence-planned")


@router.post(f"/desk/{MEMBER}", dependencies=_SAME_ORIGIN)
async def change_member(asked: DeskDep, principal: ClerkDep) -> Response:
    """Store capacity, skills and shifts of a colleague."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "supervisor", "head")
    sent = await forms.read(asked.request)
    subject = sent.get("subject", "")
    try:
        command = parse(SetStaffing, staffing_command(sent))
        async with asked.units.write() as work:
            await staffing.set_staffing(work, principal, command)
    except InvalidInput as refusal:
        return await _page(asked, principal, subject, sent=sent, refusal=refusal)
    return PAGES.redirect(member_href(subject), flash="staffing")


@router.post(f"/desk/{MEMBER}/reassignment", dependencies=_SAME_ORIGIN)
async def reassign(asked: DeskDep, principal: ClerkDep) -> Response:
    """Take all open cases from a colleague, and show what became of them."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "supervisor", "head")
    sent = await forms.read(asked.request)
    subject = sent.get("subject", "")
    try:
        command = parse(Reassign, to_json({"subject": subject, "to": sent.get("to", ""), "leaves": "leaves" in sent}))
        async with asked.units.write() as work:
            outcome = await reassignment.reassign(work, principal, command)
    except InvalidInput as refusal:
        return await _page(asked, principal, subject, sent=sent, refusal=refusal)
    return await _page(asked, principal, subject, outcome=outcome)


@router.post(f"/desk/{TEAM}/queues", dependencies=_SAME_ORIGIN)
async def switch_queue(asked: DeskDep, principal: ClerkDep) -> Response:
    """Switch assignment by rule on or off for a queue."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "supervisor", "head")
    sent = await forms.read(asked.request)
    command = parse(SetAutomatic, to_json({"queue": sent.get("queue", ""), "automatic": sent.get("automatic") == "yes"}))
    async with asked.units.write() as work:
        await staffing.set_automatic(work, principal, command)
    return PAGES.redirect(f"{PATH}/{TEAM}", flash="queue-automatic" if command.automatic else "queue-manual")


async def _page(
    asked: DeskRequest,
    principal: Principal,
    subject: str,
    *,
    sent: Sent | None = None,
    refusal: InvalidInput | None = None,
    outcome: Reassigned | None = None,
) -> Response:
    """Raises NotFound for a colleague whom the reader does not manage."""
    reader = asked.reader(principal)
    async with asked.units.read() as work:
        found = await _found(work, principal, subject)
        page = await member_page(work, principal, found, reader, sent=sent, refusal=refusal, outcome=outcome)
    status = 200 if refusal is None else InvalidInput.status
    return PAGES.render(asked.request, "desk_member.html", status, page=page)


async def _found(work: UnitOfWork, principal: Principal, subject: str) -> ColleagueView:
    found = await colleagues.find(work, subject)
    if found is None or not colleagues.manages(principal, found):
        raise NotFound
    return found
