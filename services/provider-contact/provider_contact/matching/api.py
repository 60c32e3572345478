"""Routes of names that wait for a clerk."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.inquiries.dependencies import NoticesDep
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.service import appeal_for_update, appeals_in
from provider_contact.matching import repository
from provider_contact.matching.schemas import ChoiceResult, ChooseRequest, MatchDismissed, MatchItem, NoneRequest
from provider_contact.matching.service import choices
from provider_contact.matching.service.typed_names import typed_names
from shared.auth import STAFF, Principal, require
from shared.dependencies import ContentsDep, OnceDep, UnitsOfWorkDep
from shared.errors import Forbidden, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body, keyset_page
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

ClerkDep = Annotated[Principal, Depends(require(*STAFF))]
ClerkOrAdminDep = Annotated[Principal, Depends(require("admin", *STAFF))]

ACTION_ERRORS = responses(Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused)

router = APIRouter(tags=["matches"])


@router.get("/v1/matches", responses=LIST_ERRORS)
async def list_matches(
    directory: DirectoryDep,
    principal: ClerkOrAdminDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    _query: KnownQuery,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[MatchItem]:
    """List typed names that no rule could decide, the longest waiting first. The names are read from intake for this answer."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    appeals = appeals_in(visible_cases(principal), known_region(region))
    async with units.read() as work:  # closed before intake is asked: nobody holds a connection while waiting for another service
        found, total = await repository.waiting_names(work.session, appeals, after, limit + 1)
    names = await typed_names(contents, [waiting.match.appeal_id for waiting in found[:limit]], principal.subject)
    index = await directory.current()
    return keyset_page(
        found,
        limit,
        total,
        item=lambda waiting: choices.match_item(waiting, names.get(waiting.match.appeal_id), index, principal),
        key=lambda waiting: (waiting.match.noted_at, waiting.match.appeal_id),
    )


@router.post("/v1/matches/{appeal_id}/actions/choose", response_model=ChoiceResult, responses=ACTION_ERRORS)
async def choose_provider(
    appeal_id: UUID,
    directory: DirectoryDep,
    principal: ClerkDep,
    once: OnceDep,
    notices: NoticesDep,
    payload: Annotated[ChooseRequest, body(ChooseRequest)],
) -> Response:
    """Choose the provider that a typed name means."""
    index = await directory.current()

    async def choose(work: UnitOfWork) -> ChoiceResult:
        return await choices.choose(work, appeal_id, payload.provider_id, principal, index, notices)

    async def check_visible(work: UnitOfWork) -> None:
        await appeal_for_update(work, appeal_id, principal)

    return await once(f"choose {appeal_id}", payload, choose, check_visible=check_visible)


@router.post("/v1/matches/{appeal_id}/actions/none", response_model=MatchDismissed, responses=ACTION_ERRORS)
async def dismiss_match(
    appeal_id: UUID, principal: ClerkDep, once: OnceDep, payload: Annotated[NoneRequest, body(NoneRequest)]
) -> Response:
    """Record that a typed name means no provider of the directory."""

    async def dismiss(work: UnitOfWork) -> MatchDismissed:
        return await choices.choose_none(work, appeal_id, principal)

    async def check_visible(work: UnitOfWork) -> None:
        await appeal_for_update(work, appeal_id, principal)

    return await once(f"none {appeal_id}", payload, dismiss, check_visible=check_visible)
