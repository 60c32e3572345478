"""The articles as a page of cards, and as a part of another page: the operator's screen searches here while a call goes on."""

from pathlib import Path
from typing import Final, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from routing.knowledge import service
from shared.auth import PagePrincipalDep
from shared.clock import Clock
from shared.dependencies import ClockDep
from shared.domain.labels import LANGUAGES, Language
from shared.domain.text import clean
from shared.forms import read_fields
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
QUERY_LENGTH: Final = 200
MOST_FOUND: Final = 8  # articles: as many as one looks through while somebody waits
FORM_LIMIT: Final = 10_000  # bytes: a question

PAGES: Final = Pages(SLICE / "templates", locale_dirs=[SLICE.parent / "locales"], assets_prefix="/routing/static")
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class ArticleCard(NamedTuple):
    """An article to be read, in the language in which it is written."""

    id: str
    language: str
    question: str
    answer: str
    reviewed: bool


@router.get("/articles")
async def articles(request: Request, principal: PagePrincipalDep, clock: ClockDep) -> Response:
    """Show every article. Those that are not reviewed yet are visible to staff alone."""
    found = _found("", language_of(request), clock, unreviewed=principal.is_staff)
    return PAGES.render(request, "articles.html", articles=found, query="")


@router.post("/articles", dependencies=[Depends(require_same_origin)])
async def search_articles(request: Request, principal: PagePrincipalDep, clock: ClockDep) -> Response:
    """Show the articles that a search finds, best match first; with `part` only their cards. The question is not part of an address."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    query, wanted = clean(sent.get("query", "")[:QUERY_LENGTH]), sent.get("language", "")
    language: Language = next((each for each in LANGUAGES if each == wanted), language_of(request))
    found = _found(query, language, clock, unreviewed=principal.is_staff)[:MOST_FOUND]
    return PAGES.render(request, "article_cards.html" if sent.get("part") else "articles.html", articles=found, query=query)


def _found(query: str, language: Language, clock: Clock, *, unreviewed: bool) -> list[ArticleCard]:
    written = service.written_language(language)
    return [
        ArticleCard(article.id, written, article.questions[written], article.answers[written], article.reviewed)
        for article in service.search(query, clock.now().date(), unreviewed=unreviewed)
    ]
