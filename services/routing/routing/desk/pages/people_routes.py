"""The routes of the pages about colleagues."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic_core import to_json
from starlette.responses import JSONResponse

from routing.cases import service as cases
from routing.cases.schemas.colleagues import SetAbsence
from routing.cases.service import colleagues
from routing.desk.pages import forms
from routing.desk.pages.listing import PATH, TYPED_LENGTH, position_of, visible_cases_text
from routing.desk.pages.people import ABSENCE
from routing.desk.pages.presence import PATH as PRESENCE
from routing.desk.pages.presence import presence_lines
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, DeskRequest, to_sign_in
from routing.desk.pages.team import TEAM, USERS, team_page, user_lines
from routing.desk.service.presence import present_colleagues, record_presence
from shared.auth import STAFF, Principal, check_role
from shared.domain.text import clean
from shared.errors import InvalidInput, Unauthorized
from shared.http import parse
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get(f"/desk/{TEAM}")
async def team(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show what each colleague of the team has to do, and how old the open cases are."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "supervisor", "head")
    reader = asked.reader(principal)
    async with asked.units.read() as work:
        found = await team_page(work, principal, reader)
    shown = visible_cases_text(principal, reader)
    return PAGES.render(asked.request, "desk_team.html", team=found, visible=shown, absence_href=f"{PATH}/{ABSENCE}?back={TEAM}")


@router.get(f"/desk/{USERS}")
async def users(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show who has used the desk."""
    return await _users(asked, principal, "") if principal else to_sign_in(asked.request)


@router.post(f"/desk/{USERS}", dependencies=[Depends(require_same_origin)])
async def find_users(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show who of those has the text in the name or the identifier. A name stays out of addresses and access logs."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "admin")
    sent = await forms.read(asked.request)
    return await _users(asked, principal, clean(sent.get("query", ""))[:TYPED_LENGTH])


async def _users(asked: DeskRequest, principal: Principal, query: str) -> Response:
    check_role(principal, "admin")
    async with asked.units.read() as work:
        found, total = await colleagues.users(work, query)
    lines = user_lines(found, asked.reader(principal))
    return PAGES.render(asked.request, "desk_users.html", users=lines, total=total, query=query, users_href=f"{PATH}/{USERS}")


@router.post(f"/desk/{{appeal_id}}/{PRESENCE}", dependencies=[Depends(require_same_origin)])
async def renew_presence(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> JSONResponse:
    """Renew the presence of a visible page on a case, and return who else is there."""
    if principal is None:
        raise Unauthorized
    sent = await forms.read(asked.request)
    async with asked.units.write(durable=False) as work:  # a row lost with the machine is renewed within seconds
        await cases.visible_case(work, principal, appeal_id)
        await record_presence(work, principal, appeal_id, writing=sent.get("writing") == "yes")
        found = await present_colleagues(work, principal, appeal_id)
    return JSONResponse({"lines": presence_lines(found, asked.reader(principal))})


@router.post(f"/desk/{ABSENCE}", dependencies=[Depends(require_same_origin)])
async def set_absence(asked: DeskDep, principal: ClerkDep) -> Response:
    """Record an absence, or its end, and return to the list."""
    if principal is None:
        return PAGES.redirect(f"/sign-in?next={PATH}")
    check_role(principal, *STAFF)
    sent = await forms.read(asked.request)
    is_of_team = asked.request.query_params.get("back") == TEAM and principal.has("supervisor", "head")
    back = f"{PATH}/{TEAM}" if is_of_team else position_of(asked.request.query_params).href()
    try:
        command = parse(SetAbsence, to_json({"subject": sent.get("subject") or None, "absent_until": sent.get("absent_until") or None}))
        async with asked.units.write() as work:
            stored = await cases.set_absence(work, principal, command)
    except InvalidInput:
        return PAGES.redirect(back, flash="absence-day")
    return PAGES.redirect(back, flash="absence" if stored.absent_until else "absence-ended")
