"""Routes of the provider directory."""

import asyncio
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator

from provider_contact.dependencies import RegionCode, known_region
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.schemas import ImportDocument, ImportResult, ProviderItem
from provider_contact.directory.service.imports import import_list, read_list
from provider_contact.directory.service.search import provider_item, search
from shared.auth import Principal, PrincipalDep, require
from shared.dependencies import OnceDep, SealerDep
from shared.domain.regions import CENTRAL_OFFICE
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, MalformedText, PayloadTooLarge, Unauthorized, UnsupportedMediaType, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of, read_body
from shared.idempotency import IdempotencyKeyReused

IMPORT_LIMIT = 16 * 1024 * 1024  # bytes: ten times the country's providers
IMPORT_ERRORS = responses(Unauthorized, Forbidden, InvalidInput, MalformedText, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused)

router = APIRouter(tags=["directory"])


AdminDep = Annotated[Principal, Depends(require("admin"))]


@router.get("/v1/providers")
async def search_providers(
    sealer: SealerDep,
    directory: DirectoryDep,
    principal: PrincipalDep,
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
    items = [provider_item(provider, score, principal, sealer) for provider, score in page]
    return ListResponse(items=items, total=len(found), next_cursor=next_cursor)


@router.post("/v1/providers/imports", response_model=ImportResult, responses=IMPORT_ERRORS)
async def import_providers(request: Request, _admin: AdminDep, once: OnceDep) -> Response:
    """Import the Fund's list of providers (text/csv): add and change entries by BIN, and report each rejected line."""
    raw = await read_body(request, limit=IMPORT_LIMIT, media_type="text/csv")
    parsed = await asyncio.to_thread(read_list, raw)

    document = ImportDocument(sha256=sha256(raw).hexdigest())
    return await once("import-providers", document, lambda work: import_list(work, parsed))
