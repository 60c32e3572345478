"""Routes: parse, call the use case, return a typed model."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact import repository
from provider_contact.errors import ActionNotPossible, VersionConflict
from provider_contact.policy import question
from provider_contact.schemas import (
    Acknowledge,
    Choose,
    Chosen,
    ImportDocument,
    ImportResult,
    InquiryDetail,
    InquiryItem,
    InquiryStatus,
    MatchItem,
    ProviderItem,
    Question,
    Respond,
)
from provider_contact.service import directory, imports, inquiries, matches
from shared import idempotency
from shared.auth import STAFF, CurrentPrincipal, Principal, require
from shared.contents import ContentsRequest, ContentsResponse, OwnerUnavailable
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.text import clean
from shared.errors import (
    Forbidden,
    InvalidInput,
    MalformedText,
    NotFound,
    PayloadTooLarge,
    Unauthorized,
    UnsupportedMediaType,
    responses,
)
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body, page_of, read_body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused
from shared.service import Parts
from shared.visibility import visible_cases, visible_inquiries

IMPORT_LIMIT = 16 * 1024 * 1024  # bytes: ten times the country's providers

router = APIRouter()


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _directory(request: Request) -> directory.Directory:
    found: directory.Directory = request.app.state.directory
    return found


CurrentParts = Annotated[Parts, Depends(_parts)]
CurrentDirectory = Annotated[directory.Directory, Depends(_directory)]
Viewer = Annotated[Principal, Depends(require("provider", "admin", *STAFF))]
Clerk = Annotated[Principal, Depends(require(*STAFF))]
ClerkOrAdmin = Annotated[Principal, Depends(require("admin", *STAFF))]
Provider = Annotated[Principal, Depends(require("provider"))]
Admin = Annotated[Principal, Depends(require("admin"))]
Reader = Annotated[Principal, Depends(require("service"))]
RegionCode = Annotated[str | None, Query(max_length=10)]

IMPORTED = responses(Unauthorized, Forbidden, InvalidInput, MalformedText, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused)
SEEN = responses(Unauthorized, Forbidden, InvalidInput)
ACTED = responses(Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused)


@router.get("/v1/providers", tags=["directory"])
async def search_providers(
    parts: CurrentParts,
    listed: CurrentDirectory,
    principal: CurrentPrincipal,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=400), AfterValidator(clean)] = "",
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ProviderItem]:
    """Providers by name, in Kazakh, Russian or Latin letters; spelling forgiven, numbers exact. Without a query all, by name."""
    wanted = _known_region(region)
    found = directory.found(await listed.current(), query, None if wanted == CENTRAL_OFFICE else wanted)
    page, following = page_of(found, limit, cursor)
    items = [directory.provider_item(one, score, principal, parts.sealer) for one, score in page]
    return ListResponse(items=items, total=len(found), next_cursor=following)


@router.post("/v1/providers/imports", tags=["directory"], response_model=ImportResult, responses=IMPORTED)
async def import_providers(request: Request, parts: CurrentParts, principal: Admin, key: IdempotencyKey = None) -> Response:
    """The Fund's list of providers (text/csv): adds and changes by BIN; one entry for each line that was refused."""
    raw = await read_body(request, limit=IMPORT_LIMIT, media_type="text/csv")
    read = await asyncio.to_thread(imports.read_list, raw)

    async def work(session: AsyncSession) -> ImportResult:
        return await imports.import_list(session, read, sealer=parts.sealer, pepper=parts.pepper, clock=parts.clock, ids=parts.ids)

    document = ImportDocument(sha256=sha256(raw).hexdigest())
    repeatable = _request(parts, principal, key, "import-providers", document)
    return await parts.idempotency.once(parts.database, parts.clock, repeatable, work)


@router.get("/v1/inquiries", tags=["inquiries"], responses=SEEN)
async def list_inquiries(
    parts: CurrentParts,
    principal: Viewer,
    _query: KnownQuery,
    status: InquiryStatus | None = None,
    region: RegionCode = None,
    provider_id: UUID | None = None,
    overdue: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[InquiryItem]:
    """What the one who asks may see, those that await the provider first and by due date."""
    after = _inquiry_place(cursor) if cursor is not None else None
    wanted = repository.InquiryFilter(status, _known_region(region), provider_id, overdue)
    async with parts.database.read() as session:
        found, total = await repository.inquiries(session, visible_inquiries(principal), wanted, after, limit + 1)
    page = [inquiries.inquiry_item(inquiry, appeal, principal) for inquiry, appeal in found[:limit]]
    last = found[limit - 1][0] if len(found) > limit else None
    following = Cursor.encode(int(last.settled), last.due_at, last.inquiry_id) if last else None
    return ListResponse(items=page, total=total, next_cursor=following)


@router.get("/v1/inquiries/{inquiry_id}", tags=["inquiries"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def show_inquiry(inquiry_id: UUID, parts: CurrentParts, principal: Viewer, _query: KnownQuery) -> InquiryDetail:
    """An inquiry with its question; the provider asked sees the appeal's words too, if the applicant agreed to that."""
    async with parts.database.read() as session:
        inquiry, appeal = await inquiries.seen_inquiry(session, inquiry_id, principal)
    label = question(inquiry.category)
    shown: dict[str, Any] = {"question": Question(kk=label.kk, ru=label.ru, en=label.en), "discloses": inquiry.discloses}
    is_asked = principal.has("provider") and principal.provider_id == inquiry.provider_id
    if is_asked and inquiry.discloses and inquiry.closed_at is None:
        shown |= await _disclosed(parts, appeal.appeal_id, principal)
    return InquiryDetail(**inquiries.inquiry_item(inquiry, appeal, principal).model_dump(), **shown)


async def _disclosed(parts: Parts, appeal_id: UUID, principal: Principal) -> dict[str, Any]:
    try:
        found = await parts.contents.read("intake", [appeal_id], purpose="provider-disclosure", on_behalf_of=principal.subject)
    except OwnerUnavailable:
        return {"content_available": False}
    content = found.get(appeal_id) or {}
    return {"text": content.get("text"), "applicant": content.get("applicant")}


@router.post("/v1/inquiries/{inquiry_id}/actions/acknowledge", tags=["inquiries"], response_model=InquiryItem, responses=ACTED)
async def acknowledge_inquiry(
    inquiry_id: UUID, parts: CurrentParts, principal: Provider, said: Annotated[Acknowledge, body(Acknowledge)], key: IdempotencyKey = None
) -> Response:
    """The provider has the inquiry."""

    async def work(session: AsyncSession) -> InquiryItem:
        inquiry, appeal = await inquiries.acknowledge(session, inquiry_id, said.expected_version, principal)
        return inquiries.inquiry_item(inquiry, appeal, principal)

    return await _once_on_inquiry(parts, principal, inquiry_id, _request(parts, principal, key, f"acknowledge {inquiry_id}", said), work)


@router.post("/v1/inquiries/{inquiry_id}/actions/respond", tags=["inquiries"], response_model=InquiryItem, responses=ACTED)
async def respond_to_inquiry(
    inquiry_id: UUID, parts: CurrentParts, principal: Provider, said: Annotated[Respond, body(Respond)], key: IdempotencyKey = None
) -> Response:
    """The provider answers."""

    async def work(session: AsyncSession) -> InquiryItem:
        inquiry, appeal = await inquiries.respond(
            session, inquiry_id, said, principal, sealer=parts.sealer, clock=parts.clock, ids=parts.ids
        )
        return inquiries.inquiry_item(inquiry, appeal, principal)

    return await _once_on_inquiry(parts, principal, inquiry_id, _request(parts, principal, key, f"respond {inquiry_id}", said), work)


@router.get("/v1/matches", tags=["matches"], responses=SEEN)
async def list_matches(
    parts: CurrentParts,
    listed: CurrentDirectory,
    principal: ClerkOrAdmin,
    _query: KnownQuery,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[MatchItem]:
    """Typed names that no rule could decide on, the longest waiting first; the names are read from their owner for this answer."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with parts.database.read() as session:
        found, total = await repository.matches(session, visible_cases(principal), _known_region(region), after, limit + 1)
    page = found[:limit]
    names = await _typed_names(parts, [appeal.appeal_id for _, appeal in page], principal)
    index = await listed.current()
    items = [matches.match_item(match, appeal, names.get(appeal.appeal_id), index, principal) for match, appeal in page]
    last = page[-1][0] if len(found) > limit else None
    following = Cursor.encode(last.noted_at, last.appeal_id) if last else None
    return ListResponse(items=items, total=total, next_cursor=following)


async def _typed_names(parts: Parts, appeal_ids: list[UUID], principal: Principal) -> dict[UUID, str | None]:
    if not appeal_ids:
        return {}
    try:
        found = await parts.contents.read("intake", appeal_ids, purpose=matches.PURPOSE, on_behalf_of=principal.subject)
    except OwnerUnavailable:
        return {}
    return {appeal_id: (content or {}).get("provider_name") for appeal_id, content in found.items()}


@router.post("/v1/matches/{appeal_id}/actions/choose", tags=["matches"], response_model=Chosen, responses=ACTED)
async def choose_provider(
    appeal_id: UUID,
    parts: CurrentParts,
    listed: CurrentDirectory,
    principal: Clerk,
    said: Annotated[Choose, body(Choose)],
    key: IdempotencyKey = None,
) -> Response:
    """A clerk says which provider a typed name means."""
    index = await listed.current()

    async def work(session: AsyncSession) -> Chosen:
        return await matches.choose(session, appeal_id, said.provider_id, principal, index, clock=parts.clock, ids=parts.ids)

    async def check_visible(session: AsyncSession) -> None:
        await matches.seen_appeal(session, appeal_id, principal)

    repeatable = _request(parts, principal, key, f"choose {appeal_id}", said)
    return await parts.idempotency.once(parts.database, parts.clock, repeatable, work, check_visible=check_visible)


@router.post("/internal/v1/contents", tags=["internal"], responses=SEEN)
async def read_contents(
    parts: CurrentParts, principal: Reader, said: Annotated[ContentsRequest, body(ContentsRequest)]
) -> ContentsResponse:
    """Providers' answers by response id, for another service; every read is noted."""
    async with parts.database.write() as session:
        items = await inquiries.response_contents(session, said, principal, sealer=parts.sealer, clock=parts.clock, ids=parts.ids)
    return ContentsResponse(items=items)


def _request(parts: Parts, principal: Principal, key: str | None, operation: str, said: BaseModel) -> idempotency.Request | None:
    """The request under its key; None without one."""
    return parts.idempotency.request(idempotency.scope_of(principal), key, operation, said) if key else None


async def _once_on_inquiry(
    parts: Parts,
    principal: Principal,
    inquiry_id: UUID,
    repeatable: idempotency.Request | None,
    work: Callable[[AsyncSession], Awaitable[InquiryItem]],
) -> Response:
    async def check_visible(session: AsyncSession) -> None:
        await inquiries.seen_inquiry(session, inquiry_id, principal)

    return await parts.idempotency.once(parts.database, parts.clock, repeatable, work, check_visible=check_visible)


def _known_region(code: str | None) -> str | None:
    if code is not None and code not in regions():
        raise InvalidInput.field("region", "unknown-code", "The value is not one of the known codes.")
    return code


def _inquiry_place(cursor: str) -> tuple[bool, datetime, UUID]:
    settled, due_at, inquiry_id = Cursor.decode(cursor, int, datetime, UUID)
    return bool(settled), due_at, inquiry_id
