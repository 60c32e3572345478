"""The page on which the staff of the Fund withdraws an applicant's consent at their word, by telephone or at the counter."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import IntakeDep
from intake.register.errors import NoConsent
from intake.register.service.consents import read_consent
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.forms import read_fields
from shared.idempotency import new_key
from shared.idempotency_key import is_random_uuid
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.security import require_same_origin

PATH: Final = "/intake/consents"
SURE: Final = N_("Tick that the applicant said so in person: the organisation is notified at once.")

router: Final = APIRouter()
RecorderDep = Annotated[Principal, Depends(require_page(*STAFF))]


@router.get("/consents/{appeal_id}")
async def consent_page(request: Request, appeal_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show whether the applicant consents to be named to a medical organisation, and the form to withdraw the consent."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *STAFF)
    return await _show(request, appeal_id, principal, units)


@router.post("/consents/{appeal_id}", dependencies=[Depends(require_same_origin)])
async def withdraw_consent(request: Request, appeal_id: UUID, recorder: RecorderDep, intake: IntakeDep, units: UnitsOfWorkDep) -> Response:
    """Record that the applicant withdraws the consent."""
    sent = await read_fields(request)
    if not sent.get("sure"):
        return await _show(request, appeal_id, recorder, units, error=PAGES.text(request, SURE))
    key = sent.get("key", "")
    try:
        await intake.actions.record_consent_withdrawal(appeal_id, recorder, key=key if is_random_uuid(key) else None)
    except NoConsent:
        return PAGES.redirect(f"{PATH}/{appeal_id}", flash="consent-none")
    return PAGES.redirect(f"{PATH}/{appeal_id}", flash="consent-withdrawn")


async def _show(request: Request, appeal_id: UUID, principal: Principal, units: UnitsOfWork, *, error: str | None = None) -> Response:
    async with units.read() as work:
        consent = await read_consent(work, appeal_id, principal)
    return PAGES.render(
        request,
        "consent.html",
        422 if error else 200,
        consent=consent,
        key=new_key(),
        errors=[("sure", error)] if error else [],
        error=error,
    )
