"""The search of the desk: by a number or its end, an exact phone or IIN, or a provider's name."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from routing.cases.schemas.views import FoundKeys
from routing.desk import repository
from routing.desk.schemas import StoredSearch
from shared.auth import Principal
from shared.contents import Contents, LookupRequest, OwnerUnavailable
from shared.domain.identifiers import digits_as_typed, is_valid_iin, normalise_twelve
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.unit_of_work import UnitOfWork

LOOKUP_SECONDS: Final = 3
PURPOSE: Final = "desk-search"
INTAKE: Final = "intake"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a query was resolved to: a number to compare, or found keys. `unavailable`: the services that do not answer now."""

    number: str | None = None
    found: FoundKeys | None = None
    unavailable: tuple[str, ...] = ()


async def resolve(contents: Contents, principal: Principal, query: str) -> SearchResult:
    """Return what the query means. Phones, IINs and names are looked up by intake, which records the lookup in its audit log."""
    request = _lookup(query, principal)
    if request is None:
        return SearchResult(number=digits_as_typed(query))
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            answer = await contents.look_up(request)
    except (OwnerUnavailable, TimeoutError):
        return SearchResult(found=FoundKeys(), unavailable=(INTAKE,))
    return SearchResult(found=FoundKeys(tuple(answer.appeal_ids), tuple(answer.provider_ids)))


def _lookup(query: str, principal: Principal) -> LookupRequest | None:
    """Return what intake is asked; None for a number, which routing knows itself. A phone and an IIN are never read as a number."""
    iin = normalise_twelve(query)
    if is_valid_iin(iin):
        return LookupRequest(purpose=PURPOSE, on_behalf_of=principal.subject, iin=iin)
    try:
        return LookupRequest(purpose=PURPOSE, on_behalf_of=principal.subject, phone=normalise_personal_phone(query))
    except InvalidPhone:
        pass
    if digits_as_typed(query):
        return None
    return LookupRequest(purpose=PURPOSE, on_behalf_of=principal.subject, provider_name=query, region=principal.region)


async def store_search(work: UnitOfWork, principal: Principal, result: SearchResult) -> UUID:
    """Store what a search found, without the query, and return the reference under which the person reloads its page."""
    found = result.found or FoundKeys()
    search = StoredSearch(
        id=work.ids.new(),
        subject=principal.subject,
        appeal_ids=[str(key) for key in found.appeal_ids],
        provider_ids=[str(key) for key in found.provider_ids],
        is_complete=not result.unavailable,
        at=work.clock.now(),
    )
    await repository.replace_searches(work.session, search)
    return search.id


async def stored_search(work: UnitOfWork, principal: Principal, search_id: UUID) -> SearchResult | None:
    """Return what the person's search found; None for an expired one, and for the search of another person."""
    search = await repository.stored_search(work.session, principal.subject, search_id, work.clock.now())
    if search is None:
        return None
    found = FoundKeys(tuple(map(UUID, search.appeal_ids)), tuple(map(UUID, search.provider_ids)))
    return SearchResult(found=found, unavailable=() if search.is_complete else (INTAKE,))
