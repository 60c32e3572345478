"""The articles as a page of cards, and as a part of another page: the operator's screen searches here while a call goes on."""

from typing import Final, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from routing.knowledge import service
from routing.knowledge.dependencies import KEEPERS
from routing.knowledge.pages.common import PAGES
from shared.auth import PagePrincipalDep
from shared.clock import Clock
from shared.dependencies import ClockDep, UnitsOfWorkDep
from shared.domain.labels import LANGUAGES, Language
from shared.domain.text import clean
from shared.forms import read_fields
from shared.unit_of_work import UnitsOfWork
from shared.web.languages import language_of
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

QUERY_LENGTH: Final = 200
MOST_FOUND: Final = 8  # articles: as many as one looks through while somebody waits
FORM_LIMIT: Final = 10_000  # bytes: a question

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class ArticleCard(NamedTuple):
    """An article to be read, in the language in which it is written."""

    id: str
    language: str
    question: str
    answer: str
    reviewed: bool


@router.get("/articles")
async def articles(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Show every article. Those that are not confirmed yet are visible to staff alone."""
    found = await _found("", language_of(request), units, clock, unreviewed=principal.is_staff)
    return PAGES.render(request, "articles.html", articles=found, query="", keeps=principal.has(*KEEPERS))


@router.post("/articles", dependencies=[Depends(require_same_origin)])
async def search_articles(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Show the articles that a search finds, best match first; with `part` only their cards. The question is not part of an address."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    query, wanted = clean(sent.get("query", "")[:QUERY_LENGTH]), sent.get("language", "")
    language: Language = next((each for each in LANGUAGES if each == wanted), language_of(request))
    found = (await _found(query, language, units, clock, unreviewed=principal.is_staff))[:MOST_FOUND]
    template = "article_cards.html" if sent.get("part") else "articles.html"
    return PAGES.render(request, template, articles=found, query=query, keeps=principal.has(*KEEPERS))


async def _found(query: str, language: Language, units: UnitsOfWork, clock: Clock, *, unreviewed: bool) -> list[ArticleCard]:
    written = service.written_language(language)
    async with units.read() as work:
        found = await service.search_offered(work, query, service.local_day(clock.now()), unreviewed=unreviewed)
    return [ArticleCard(article.id, written, article.questions[written], article.answers[written], article.reviewed) for article in found]
