"""Routes of the provider directory."""

import asyncio
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact.dependencies import PartsDep, RegionCode, known_region, repeatable
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.schemas import ImportDocument, ImportResult, ProviderItem
from provider_contact.directory.service.imports import import_list, read_list
from provider_contact.directory.service.search import provider_item, search
from shared.auth import CurrentPrincipal, Principal, require
from shared.domain.regions import CENTRAL_OFFICE
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, MalformedText, PayloadTooLarge, Unauthorized, UnsupportedMediaType, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of, read_body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused

IMPORT_LIMIT = 16 * 1024 * 1024  # bytes: ten times the country's providers
IMPORT_ERRORS = responses(Unauthorized, Forbidden, InvalidInput, MalformedText, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused)

router = APIRouter(tags=["directory"])


AdminDep = Annotated[Principal, Depends(require("admin"))]


@router.get("/v1/providers")
async def search_providers(
    parts: PartsDep,
    directory: DirectoryDep,
    principal: CurrentPrincipal,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=400), AfterValidator(clean)] = "",
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ProviderItem]:
    """Search providers by name in Kazakh, Russian or Latin letters. Misspelt words match, numbers must be equal.

    Without a query the answer lists all providers by name.
    """
    code = known_region(region)
    found = search(await directory.current(), query, None if code == CENTRAL_OFFICE else code)
    page, next_cursor = page_of(found, limit, cursor)
    items = [provider_item(provider, score, principal, parts.sealer) for provider, score in page]
    return ListResponse(items=items, total=len(found), next_cursor=next_cursor)


@router.post("/v1/providers/imports", response_model=ImportResult, responses=IMPORT_ERRORS)
async def import_providers(request: Request, parts: PartsDep, principal: AdminDep, key: IdempotencyKey = None) -> Response:
    """Import the Fund's list of providers (text/csv): add and change entries by BIN, and report each rejected line."""
    raw = await read_body(request, limit=IMPORT_LIMIT, media_type="text/csv")
    parsed = await asyncio.to_thread(read_list, raw)

    async def work(session: AsyncSession) -> ImportResult:
        return await import_list(session, parsed, sealer=parts.sealer, pepper=parts.pepper, clock=parts.clock, ids=parts.ids)

    document = ImportDocument(sha256=sha256(raw).hexdigest())
    request_key = repeatable(parts, principal, key, "import-providers", document)
    return await parts.idempotency.once(parts.database, parts.clock, request_key, work)
