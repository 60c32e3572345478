"""Routes of inquiries."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.dependencies import ActionsDep, FindDeliveriesDep
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.policy import question_about
from provider_contact.inquiries.schemas import InquiryDetail, InquiryItem
from provider_contact.inquiries.schemas.commands import Command
from provider_contact.inquiries.schemas.views import Question
from provider_contact.inquiries.service import Actions, reading, workflow
from provider_contact.inquiries.service.contents import (
    DisclosedContent,
    FindCandidates,
    FindStatements,
    ReadStatements,
    RequestedText,
    disclosed_content,
    requested_text,
)
from provider_contact.inquiries.service.contents import read_contents as contents_for
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.dependencies import ContentsDep, OnceDep, ReadDep, UnitOfWorkDep, UnitsOfWorkDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body
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
    page = [actions.item(work, inquiry, appeal, principal) for inquiry, appeal in found[:limit]]
    last = found[limit - 1][0] if len(found) > limit else None
    next_cursor = Cursor.encode(int(last.settled), last.due_at, last.inquiry_id) if last else None
    return ListResponse(items=page, total=total, next_cursor=next_cursor)


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
    async with units.read() as work:  # closed before intake is asked: nobody holds a connection while waiting for another service
        inquiry, appeal = await reading.visible_inquiry(work, inquiry_id, principal)
        item = actions.item(work, inquiry, appeal, principal)
        answers = await reading.responses(work, inquiry)
        history = await reading.history(work, inquiry, principal)
        deliveries = await find_deliveries(work, [inquiry_id])
        read_statements: ReadStatements = request.app.state.read_statements
        statements = await read_statements(work, inquiry_id)
    read = reading.read_ids(answers, statements)
    if read and not reading.is_addressee(inquiry, principal):
        async with units.write() as work:
            await reading.record_read(work, principal, read)
    label = question_about(inquiry.category)
    content, asked = DisclosedContent(), RequestedText()
    if reading.is_addressee(inquiry, principal):
        if inquiry.discloses and inquiry.closed_at is None:
            content = await disclosed_content(contents, appeal.appeal_id, principal)
        if inquiry.has_text and inquiry.request_id is not None:
            asked = await requested_text(contents, inquiry.request_id, principal)
    return InquiryDetail(
        **item.model_dump(),
        question=Question(kk=label.kk, ru=label.ru, en=label.en),
        questions=reading.asked_questions(inquiry),
        responses=answers,
        deliveries=list(deliveries.get(inquiry_id, ())),
        proposals=list(statements.proposals),
        commitments=list(statements.commitments),
        history=history,
        request_text=asked.text,
        discloses=inquiry.discloses,
        text=content.text,
        applicant=content.applicant,
        content_available=content.available and asked.available,
    )


def action_router(actions: Actions) -> APIRouter:
    """Return a route for each action that has a handler, with the action's own strict body."""
    made = APIRouter()
    for command in actions.offered:
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
    request: Request, principal: ServiceDep, payload: Annotated[ContentsRequest, body(ContentsRequest)], work: UnitOfWorkDep
) -> ContentsResponse:
    """Return to another service providers' answers by response id, proposals and promises by their ids, or the exchange by appeal id.

    Every read is recorded in the audit log.
    """
    find_candidates: FindCandidates = request.app.state.find_candidates
    find_statements: FindStatements = request.app.state.find_statements
    return ContentsResponse(items=await contents_for(work, payload, principal, find_candidates, find_statements))
