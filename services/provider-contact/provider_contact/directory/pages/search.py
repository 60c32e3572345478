"""The search of the directory."""

from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.pages.common import PAGES, PATH, may_edit, region_options, sign_in
from provider_contact.directory.service.provider_index import IndexedProvider
from provider_contact.directory.service.search import search
from shared.auth import PagePrincipalDep
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.http import CursorText, page_of
from shared.web.languages import language_of

LISTED = 25
QUERY_LENGTH = 400

router = APIRouter()


class FoundProvider(NamedTuple):
    """A provider in the list, in the reader's language."""

    href: str
    name: str
    other_name: str
    region: str
    kind: str


@router.get("/directory")
async def directory_page(
    request: Request, directory: DirectoryDep, principal: PagePrincipalDep, query: str = "", region: str = "", cursor: CursorText = None
) -> Response:
    """List the providers, or those that a typed name may mean, best match first."""
    if principal.is_anonymous:
        return sign_in(request)
    keeper, language = may_edit(principal), language_of(request)
    typed, chosen = clean(query[:QUERY_LENGTH]), region if region in regions() else ""
    found = search(await directory.current(), typed, chosen or None)
    page, next_cursor = page_of(found, LISTED, cursor)
    filters = {name: value for name, value in (("query", typed), ("region", chosen)) if value}
    return PAGES.render(
        request,
        "directory.html",
        providers=[_line(provider, language) for provider, _ in page],
        total=len(found),
        query=typed,
        region=chosen,
        regions=region_options(language),
        may_edit=keeper,
        next=f"{PATH}?{urlencode(filters | {'cursor': next_cursor})}" if next_cursor else None,
        first=f"{PATH}?{urlencode(filters)}" if cursor else None,
    )


def _line(provider: IndexedProvider, language: Language) -> FoundProvider:
    names = (provider.name_kk, provider.name_ru) if language == "kk" else (provider.name_ru, provider.name_kk)
    kinds, region = taxonomy().provider_kinds, regions().get(provider.region)
    return FoundProvider(
        href=f"{PATH}/{provider.provider_id}",
        name=names[0],
        other_name=names[1],
        region=region.label.in_(language) if region else "",
        kind=kinds[provider.kind].label.in_(language) if provider.kind in kinds else "",
    )
