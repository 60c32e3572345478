"""The page on which a head appoints deputies, who approve extensions of a term while the head is away."""

from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from routing.cases import service as cases
from routing.cases.service import colleagues
from routing.desk.pages.listing import DEPUTIES_PATH, PATH
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, DeskRequest, to_sign_in
from routing.desk.schemas import DeputyIn
from shared.auth import Principal, check_role
from shared.errors import InvalidInput
from shared.forms import read_fields
from shared.web.i18n import N_
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
DEPUTIES: Final = f"{PATH}/{DEPUTIES_PATH}"
FORM_LIMIT: Final = 4_096  # bytes
FIELDS_LIMIT: Final = 4
REFUSED: Final = N_("Choose a supervisor of your region, and a day that has not passed.")
Sent = dict[str, str]


@router.get(f"/desk/{DEPUTIES_PATH}")
async def deputies(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show the deputies of the reader's region, and the form that appoints one."""
    return await _page(asked, principal, {}) if principal else to_sign_in(asked.request)


@router.post(f"/desk/{DEPUTIES_PATH}", dependencies=[Depends(require_same_origin)])
async def appoint(asked: DeskDep, principal: ClerkDep) -> Response:
    """Appoint a deputy until a day. A form with errors is shown again with what was entered."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "head")
    sent = await _fields(asked.request)
    try:
        wanted = DeputyIn.model_validate_strings({name: sent.get(name, "") for name in DeputyIn.model_fields})
        async with asked.units.write() as work:
            await cases.appoint(work, principal, wanted.subject, wanted.until)
    except (ValidationError, InvalidInput):
        return await _page(asked, principal, sent, is_refused=True)
    return PAGES.redirect(DEPUTIES, flash="deputy-appointed")


@router.post(f"/desk/{DEPUTIES_PATH}/end", dependencies=[Depends(require_same_origin)])
async def dismiss(asked: DeskDep, principal: ClerkDep) -> Response:
    """End an appointment."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, "head")
    sent = await _fields(asked.request)
    async with asked.units.write() as work:
        await cases.dismiss(work, principal, sent.get("subject", ""))
    return PAGES.redirect(DEPUTIES, flash="deputy-dismissed")


async def _fields(request: Request) -> Sent:
    return await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)


async def _page(asked: DeskRequest, principal: Principal, sent: Sent, *, is_refused: bool = False) -> Response:
    region, reader = cases.region_of_head(principal), asked.reader(principal)
    async with asked.units.read() as work:
        found = await cases.current_deputies(work, region)
        supervisors = await cases.supervisors(work, region)
    return PAGES.render(
        asked.request,
        "desk_deputies.html",
        InvalidInput.status if is_refused else 200,
        deputies=[(deputy.subject, deputy.name or deputy.subject, deputy.starts_on, deputy.until) for deputy in found],
        options=colleagues.labels(supervisors, reader.language),
        sent=sent,
        error=reader.translate(REFUSED) if is_refused else None,
        action=DEPUTIES,
        desk_href=PATH,
    )
