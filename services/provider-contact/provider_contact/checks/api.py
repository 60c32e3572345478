"""Routes of checks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from provider_contact.checks import repository
from provider_contact.checks.codes import CheckStatus
from provider_contact.checks.errors import CheckEnded
from provider_contact.checks.schemas import CheckItem, VerifyRequest
from provider_contact.checks.service import record_result
from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries.service import appeals_in
from provider_contact.proposals.errors import ProposalNotConfirmed
from shared.auth import STAFF, Principal, require
from shared.dependencies import OnceDep, ReadDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body, keyset_page
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork
from shared.visibility import EVERYTHING, visible_cases

ViewerDep = Annotated[Principal, Depends(require("admin", *STAFF))]
ClerkDep = Annotated[Principal, Depends(require(*STAFF))]

ERRORS = responses(Unauthorized, Forbidden, NotFound, CheckEnded, ProposalNotConfirmed, IdempotencyKeyReused, InvalidInput)

router = APIRouter(tags=["checks"])


@router.get("/v1/checks", responses=LIST_ERRORS)
async def list_checks(
    principal: ViewerDep,
    work: ReadDep,
    _query: KnownQuery,
    status: CheckStatus | None = None,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[CheckItem]:
    """List confirmations and withdrawals with their checks: the open ones by the time of the next call, others latest first."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    appeals = appeals_in(EVERYTHING, known_region(region))
    found, total = await repository.listed_checks(work.session, appeals, visible_cases(principal), status, after, limit + 1)
    by_call = status is CheckStatus.OPEN
    return keyset_page(
        found,
        limit,
        total,
        item=check_item,
        key=lambda listed: (listed.check.call_from if by_call else listed.check.stated_at, listed.check.check_id),
    )


@router.post("/v1/checks/{check_id}/actions/verify", response_model=CheckItem, responses=ERRORS)
async def verify_outcome(
    check_id: UUID, principal: ClerkDep, once: OnceDep, payload: Annotated[VerifyRequest, body(VerifyRequest)]
) -> Response:
    """Record the result of one call to the applicant."""

    async def verify(work: UnitOfWork) -> CheckItem:
        return check_item(await record_result(work, check_id, payload.result, payload.text, principal))

    async def check_visible(work: UnitOfWork) -> None:
        if await repository.check_in(work.session, check_id, appeals_in(EVERYTHING, None), visible_cases(principal)) is None:
            raise NotFound

    return await once(f"verify {check_id}", payload, verify, check_visible=check_visible)


def check_item(listed: repository.ListedCheck) -> CheckItem:
    """Return a check as it is listed."""
    joined = {"number": listed.number, "region": listed.region, "category": listed.category}
    own = {name: getattr(listed.check, name) for name in CheckItem.model_fields if name not in joined}
    return CheckItem(**own, **joined)
