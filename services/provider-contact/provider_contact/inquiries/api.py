"""Routes of inquiries."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.dependencies import ActionsDep, FindDeliveriesDep
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.repository import RefusalFilter
from provider_contact.inquiries.schemas import InquiryDetail, InquiryItem
from provider_contact.inquiries.schemas.commands import Command
from provider_contact.inquiries.schemas.views import RefusalItem
from provider_contact.inquiries.service import reading, workflow
from provider_contact.inquiries.service.contents import ContentSources, ReadStatements
from provider_contact.inquiries.service.contents import read_contents as contents_for
from provider_contact.inquiries.service.detail import read_detail
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.dependencies import ContentsDep, OnceDep, ReadDep, UnitOfWorkDep, UnitsOfWorkDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body, keyset_page
from shared.idempotency import Check, IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_inquiries

ViewerDep = Annotated[Principal, Depends(require("provider", "admin", *STAFF))]
ServiceDep = Annotated[Principal, Depends(require("service"))]

ACTION_ERRORS = responses(Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused, InvalidInput)

router = APIRouter()


@router.get("/v1/inquiries", tags=["inquiries"], responses=LIST_ERRORS)
async def list_inquiries(
    principal: ViewerDep,
    work: ReadDep,
    actions: ActionsDep,
    _query: KnownQuery,
    status: InquiryStatus | None = None,
    region: RegionCode = None,
    provider_id: UUID | None = None,
    overdue: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[InquiryItem]:
    """List the inquiries that the client may see, unsettled ones first and by due date."""
    after = _position(cursor) if cursor is not None else None
    wanted = repository.InquiryFilter(status, known_region(region), provider_id, overdue)
    found, total = await repository.inquiries(work.session, visible_inquiries(principal), wanted, after, limit + 1)
    return keyset_page(
        found,
        limit,
        total,
        item=lambda pair: actions.item(work, *pair, principal),
        key=lambda pair: (int(pair[0].settled), pair[0].due_at, pair[0].inquiry_id),
    )


def _position(cursor: str) -> tuple[bool, datetime, UUID]:
    settled, due_at, inquiry_id = Cursor.decode(cursor, int, datetime, UUID)
    return bool(settled), due_at, inquiry_id


@router.get("/v1/inquiries/{inquiry_id}", tags=["inquiries"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_inquiry(
    request: Request,
    inquiry_id: UUID,
    principal: ViewerDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    actions: ActionsDep,
    find_deliveries: FindDeliveriesDep,
    _query: KnownQuery,
) -> InquiryDetail:
    """Return an inquiry with its questions, its answers and what else happened to it.

    The provider that was asked also gets the appeal's text if the applicant consented to it. Whoever else reads answers is recorded in
    the audit log.
    """
    read_statements: ReadStatements = request.app.state.read_statements
    return await read_detail(units, contents, actions, find_deliveries, read_statements, principal, inquiry_id)


@router.get("/v1/refusals", tags=["inquiries"], responses=LIST_ERRORS)
async def list_refusals(
    principal: ViewerDep,
    units: UnitsOfWorkDep,
    _query: KnownQuery,
    provider_id: UUID | None = None,
    lawful: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[RefusalItem]:
    """List refusals of care that providers explain in their answers, newest first, each with the Fund's finding.

    A provider sees its own. Whoever else reads the grounds is recorded in the audit log.
    """
    position = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    after = (position[0], position[1]) if position else None
    async with units.read() as work:
        found, total = await reading.refusals(work, principal, RefusalFilter(provider_id, lawful), after, limit + 1)
    page = keyset_page(found, limit, total, item=lambda refusal: refusal, key=lambda refusal: (refusal.at, refusal.response_id))
    if page.items and not principal.has("provider"):
        async with units.write() as work:
            await reading.record_read(work, principal, [item.response_id for item in page.items])
    return page


@cache  # the same for every application: one route takes FastAPI several milliseconds
def action_router(offered: tuple[type[Command], ...]) -> APIRouter:
    """Return a route for each of these actions, with the action's own strict body."""
    made = APIRouter()
    for command in offered:
        _add_action(made, command)
    return made


def _add_action(to: APIRouter, kind: type[Command]) -> None:
    async def route(
        inquiry_id: UUID,
        principal: Annotated[Principal, Depends(require(*workflow.roles_of(kind.ACTION)))],
        once: OnceDep,
        actions: ActionsDep,
        command: Annotated[Any, body(kind)],
    ) -> Response:
        async def apply(work: UnitOfWork) -> InquiryItem:
            return await actions.carry_out(work, principal, inquiry_id, command)

        return await once(f"{kind.ACTION} {inquiry_id}", command, apply, check_visible=_visible(inquiry_id, principal))

    to.add_api_route(
        f"/v1/inquiries/{{inquiry_id}}/actions/{kind.ACTION}",
        route,
        methods=["POST"],
        tags=["inquiries"],
        name=kind.ACTION,
        operation_id=_OPERATIONS.get(kind.ACTION) or f"{kind.ACTION.replace('-', '_')}_inquiry",
        summary=kind.SUMMARY,
        response_model=InquiryItem,
        responses=ACTION_ERRORS,
    )


_OPERATIONS = {"respond": "respond_to_inquiry"}
"""Names of operations that clients of earlier versions know."""


def _visible(inquiry_id: UUID, principal: Principal) -> Check:
    """Return the check of a replayed answer: only those who may still see the inquiry get it."""

    async def check(work: UnitOfWork) -> None:
        await reading.visible_inquiry(work, inquiry_id, principal)

    return check


@router.post("/internal/v1/contents", tags=["internal"], responses=LIST_ERRORS)
async def read_contents(
    request: Request,
    principal: ServiceDep,
    payload: Annotated[ContentsRequest, body(ContentsRequest)],
    work: UnitOfWorkDep,
) -> ContentsResponse:
    """Return to another service providers' answers by response id, proposals and promises by their ids, or the exchange by appeal id.

    Every read is recorded in the audit log.
    """
    sources: ContentSources = request.app.state.content_sources
    return ContentsResponse(items=await contents_for(work, payload, principal, sources))
