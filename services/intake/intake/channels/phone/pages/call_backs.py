"""The page of all callers to be called back, and what an operator does with one of them, here or on the operator's page."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from intake.channels.phone.errors import CallBackTaken
from intake.channels.phone.pages.view import call_back_lines, ongoing_call_backs
from intake.channels.phone.policy import call_policy
from intake.channels.phone.service import call_backs
from intake.pages_kit import PAGES, to_sign_in
from shared.auth import PagePrincipalDep, check_role
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import NotFound
from shared.http import Cursor, CursorText
from shared.unit_of_work import UnitOfWork
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/call-backs"
OPERATORS_PAGE: Final = "/intake/call"
LISTED: Final = 50
LIST: Final = "list"
"""The value of `from` in the targets of this page's forms; those of the operator's page have none."""
CallBackAction = Callable[[UnitOfWork, UUID, str], Awaitable[None]]
ACTIONS: Final[Mapping[str, CallBackAction]] = {
    "take": call_backs.claim,
    "not-reached": call_backs.not_reached,
    "done": call_backs.done,
}
"""By the last part of the URL."""

router: Final = APIRouter()


@router.get("/call-backs")
async def all_call_backs(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """List the callers to be called back, oldest first. Numbers are shown to who claimed them; every access is in the audit log."""
    if principal.is_anonymous:
        return to_sign_in(request)
    operator = check_role(principal, "operator")
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with units.read() as work:
        found, total = await ongoing_call_backs(work, LISTED + 1, after)
    entries = found[:LISTED]
    numbers: Mapping[UUID, str] = {}
    if claimed := call_backs.claimed_by(entries, operator.subject):
        async with units.write() as work:
            numbers = await call_backs.numbers_of(work, claimed, operator.subject)
    last = entries[-1] if len(found) > LISTED else None
    return PAGES.render(
        request,
        "call_backs.html",
        backs=call_back_lines(entries, numbers, operator, language_of(request), units.clock.now()),
        total=total,
        attempts=call_policy().call_back_attempts,
        zone=regions()[CENTRAL_OFFICE].timezone,
        next=f"{PATH}?{urlencode({'cursor': Cursor.encode(last.received_at, last.id)})}" if last else None,
        first=PATH if cursor else None,
    )


@router.post("/call/back/{call_back_id}/{move}", dependencies=[Depends(require_same_origin)])
async def call_back(
    call_back_id: UUID, move: str, principal: PagePrincipalDep, units: UnitsOfWorkDep, origin: Annotated[str, Query(alias="from")] = ""
) -> Response:
    """Claim a call-back, count an unanswered attempt, or close the entry; then return to the page that the form was on."""
    operator = check_role(principal, "operator")
    if move not in ACTIONS:
        raise NotFound
    back = PATH if origin == LIST else OPERATORS_PAGE
    try:
        async with units.write() as work:
            await ACTIONS[move](work, call_back_id, operator.subject)
    except CallBackTaken:
        return PAGES.redirect(back, flash="call-back-taken")
    return PAGES.redirect(back)
