"""Routes of inquiries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.policy import question_about
from provider_contact.inquiries.schemas import AcknowledgeRequest, AskedQuestion, InquiryDetail, InquiryItem, Question, RespondRequest
from provider_contact.inquiries.service import answering
from provider_contact.inquiries.service.contents import (
    DisclosedContent,
    FindCandidates,
    FindStatements,
    RequestedText,
    disclosed_content,
    requested_text,
)
from provider_contact.inquiries.service.contents import read_contents as contents_for
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.dependencies import ContentsDep, OnceDep, ReadDep, UnitOfWorkDep, UnitsOfWorkDep
from shared.domain.taxonomy import taxonomy
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body
from shared.idempotency import Check, IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_inquiries

ViewerDep = Annotated[Principal, Depends(require("provider", "admin", *STAFF))]
ProviderDep = Annotated[Principal, Depends(require("provider"))]
ServiceDep = Annotated[Principal, Depends(require("service"))]

ACTION_ERRORS = responses(Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused)

router = APIRouter()


@router.get("/v1/inquiries", tags=["inquiries"], responses=LIST_ERRORS)
async def list_inquiries(
    principal: ViewerDep,
    work: ReadDep,
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
    page = [answering.inquiry_item(inquiry, appeal, principal) for inquiry, appeal in found[:limit]]
    last = found[limit - 1][0] if len(found) > limit else None
    next_cursor = Cursor.encode(int(last.settled), last.due_at, last.inquiry_id) if last else None
    return ListResponse(items=page, total=total, next_cursor=next_cursor)


def _position(cursor: str) -> tuple[bool, datetime, UUID]:
    settled, due_at, inquiry_id = Cursor.decode(cursor, int, datetime, UUID)
    return bool(settled), due_at, inquiry_id


@router.get("/v1/inquiries/{inquiry_id}", tags=["inquiries"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_inquiry(
    inquiry_id: UUID, principal: ViewerDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> InquiryDetail:
    """Return an inquiry with its question. The provider that was asked also gets the appeal's text if the applicant consented to it."""
    async with units.read() as work:  # closed before intake is asked: nobody holds a connection while waiting for another service
        inquiry, appeal = await answering.visible_inquiry(work, inquiry_id, principal)
    label = question_about(inquiry.category)
    content = DisclosedContent()
    is_addressee = principal.has("provider") and principal.provider_id == inquiry.provider_id
    if is_addressee and inquiry.discloses and inquiry.closed_at is None:
        content = await disclosed_content(contents, appeal.appeal_id, principal)
    asked = RequestedText()
    if is_addressee and inquiry.has_text and inquiry.request_id is not None:
        asked = await requested_text(contents, inquiry.request_id, principal)
    known = taxonomy().provider_questions
    return InquiryDetail(
        **answering.inquiry_item(inquiry, appeal, principal).model_dump(),
        question=Question(kk=label.kk, ru=label.ru, en=label.en),
        questions=[AskedQuestion(code=code, **known[code].label.as_dict()) for code in inquiry.questions if code in known],
        request_text=asked.text,
        discloses=inquiry.discloses,
        text=content.text,
        applicant=content.applicant,
        content_available=content.available and asked.available,
    )


@router.post("/v1/inquiries/{inquiry_id}/actions/acknowledge", tags=["inquiries"], response_model=InquiryItem, responses=ACTION_ERRORS)
async def acknowledge_inquiry(
    inquiry_id: UUID,
    principal: ProviderDep,
    once: OnceDep,
    payload: Annotated[AcknowledgeRequest, body(AcknowledgeRequest)],
) -> Response:
    """Acknowledge that the provider has received the inquiry."""

    async def acknowledge(work: UnitOfWork) -> InquiryItem:
        inquiry, appeal = await answering.acknowledge(work, inquiry_id, payload.expected_version, principal)
        return answering.inquiry_item(inquiry, appeal, principal)

    return await once(f"acknowledge {inquiry_id}", payload, acknowledge, check_visible=_visible(inquiry_id, principal))


@router.post("/v1/inquiries/{inquiry_id}/actions/respond", tags=["inquiries"], response_model=InquiryItem, responses=ACTION_ERRORS)
async def respond_to_inquiry(
    inquiry_id: UUID,
    principal: ProviderDep,
    once: OnceDep,
    payload: Annotated[RespondRequest, body(RespondRequest)],
) -> Response:
    """Answer the inquiry."""

    async def respond(work: UnitOfWork) -> InquiryItem:
        inquiry, appeal = await answering.respond(work, inquiry_id, payload, principal)
        return answering.inquiry_item(inquiry, appeal, principal)

    return await once(f"respond {inquiry_id}", payload, respond, check_visible=_visible(inquiry_id, principal))


def _visible(inquiry_id: UUID, principal: Principal) -> Check:
    """Return the check of a replayed answer: only those who may still see the inquiry get it."""

    async def check(work: UnitOfWork) -> None:
        await answering.visible_inquiry(work, inquiry_id, principal)

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
