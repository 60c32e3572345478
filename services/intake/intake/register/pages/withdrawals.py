"""Pages of withdrawals that wait for a call of the Fund: the list, and one of them with the number to call."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import IntakeDep
from intake.register.errors import AlreadyDecided, NoWithdrawal
from intake.register.policy import withdrawal_reasons
from intake.register.schemas import CallBackIn, WithdrawalItem
from intake.register.service import withdrawal
from shared.auth import PagePrincipalDep, Principal, Role, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.forms import read_fields
from shared.http import CursorText
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.idempotency_key import is_random_uuid
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/withdrawals"
LISTED: Final = 25
NOTE_LIMIT: Final = 2000
CALLERS: Final[tuple[Role, ...]] = ("specialist", "supervisor", "head")
CALL_RESULTS: Final = {"withdraw": True, "continue": False}
MESSAGES: Final = {
    "said": N_("Choose what the applicant said in the call."),
    "sure": N_("Tick that you have spoken with the applicant in person: this cannot be undone."),
    "note": N_("The note is too long: up to 2,000 characters."),
}

router: Final = APIRouter()
CallerDep = Annotated[Principal, Depends(require_page(*CALLERS))]


class WithdrawalLine(NamedTuple):
    """A withdrawal of the list."""

    href: str
    number: str
    kind: str
    reason: str
    is_suspicious: bool
    region: str
    asked_at: datetime
    zone: ZoneInfo


@router.get("/withdrawals")
async def withdrawals(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """List the withdrawals that wait for a call, oldest first."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *CALLERS, "admin")
    async with units.read() as work:
        found = await withdrawal.pending_withdrawals(work, principal, limit=LISTED, cursor=cursor)
    language = language_of(request)
    return PAGES.render(
        request,
        "withdrawals.html",
        withdrawals=[_line(item, language) for item in found.items],
        total=found.total,
        next=f"{PATH}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else None,
        first=PATH if cursor else None,
    )


@router.get("/withdrawals/{appeal_id}")
async def withdrawal_page(request: Request, appeal_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show a withdrawal, its statement and the number to call; the access is recorded in the audit log."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *CALLERS, "admin")
    return await _show(request, appeal_id, principal, units)


@router.post("/withdrawals/{appeal_id}", dependencies=[Depends(require_same_origin)])
async def record_call(request: Request, appeal_id: UUID, caller: CallerDep, intake: IntakeDep, units: UnitsOfWorkDep) -> Response:
    """Record what the applicant said in the call: the appeal is withdrawn, or its consideration continues."""
    sent = await read_fields(request)
    confirmed, note = CALL_RESULTS.get(sent.get("said", "")), sent.get("note", "")
    wrong = {"said": confirmed is None, "sure": not sent.get("sure"), "note": len(note) > NOTE_LIMIT}
    if confirmed is None or any(wrong.values()):
        errors = [(name, PAGES.text(request, MESSAGES[name])) for name, is_wrong in wrong.items() if is_wrong]
        return await _show(request, appeal_id, caller, units, typed=sent, errors=errors)
    try:
        key = sent.get("key", "")
        report = CallBackIn(confirmed=confirmed, note=note or None)
        await intake.actions.call_back(appeal_id, report, caller, key=key if is_random_uuid(key) else None)
    except (NoWithdrawal, AlreadyDecided, IdempotencyKeyReused):
        return PAGES.redirect(PATH, flash="withdrawal-settled")
    return PAGES.redirect(PATH, flash="withdrawal-confirmed" if confirmed else "withdrawal-dismissed")


async def _show(
    request: Request,
    appeal_id: UUID,
    principal: Principal,
    units: UnitsOfWork,
    *,
    typed: dict[str, str] | None = None,
    errors: list[tuple[str, str]] | None = None,
) -> Response:
    async with units.write() as work:
        found = await withdrawal.read_request(work, appeal_id, principal)
    reason = withdrawal_reasons()[found.reason]
    return PAGES.render(
        request,
        "withdrawal.html",
        422 if errors else 200,
        withdrawal=found,
        reason=reason.label.in_(language_of(request)),
        is_suspicious=reason.suspicious,
        zone=regions()[found.region].timezone,
        may_call=principal.has(*CALLERS),
        typed=typed or {},
        key=(typed or {}).get("key") or new_key(),
        errors=errors or [],
        error=dict(errors or []),
    )


def _line(item: WithdrawalItem, language: Language) -> WithdrawalLine:
    region, reason = regions()[item.region], withdrawal_reasons()[item.reason]
    return WithdrawalLine(
        href=f"{PATH}/{item.appeal_id}",
        number=item.number,
        kind=taxonomy().kinds[item.kind].label.in_(language) if item.kind else "",
        reason=reason.label.in_(language),
        is_suspicious=reason.suspicious,
        region=region.label.in_(language),
        asked_at=item.asked_at,
        zone=region.timezone,
    )
