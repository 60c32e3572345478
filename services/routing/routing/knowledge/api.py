"""The articles over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator

from routing.knowledge import service
from routing.knowledge.schemas import ArticleView, MacroView
from shared.auth import STAFF, Principal, PrincipalDep, require
from shared.dependencies import ClockDep
from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

router = APIRouter(tags=["articles"])


@router.get("/v1/articles", responses=responses(InvalidInput))
async def list_articles(
    clock: ClockDep,
    principal: PrincipalDep,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=200), AfterValidator(clean)] = "",
    language: Language = "kk",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ArticleView]:
    """Return answers of the first tier, best match first. Articles that are not reviewed yet are visible to staff alone."""
    found = service.search(query, clock.now().date(), unreviewed=principal.is_staff)
    page, following = page_of(found, limit, cursor)
    return ListResponse(items=[_view(article, language) for article in page], total=len(found), next_cursor=following)


@router.get("/v1/macros", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_macros(
    _principal: Annotated[Principal, Depends(require(*STAFF, "admin"))],
    _query: KnownQuery,
    language: Language = "kk",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[MacroView]:
    """Return the sentences that clerks put into answers, with the names of the values that the server fills in for a case."""
    found = service.named_macros(language)
    page, following = page_of(found, limit, cursor)
    return ListResponse(items=page, total=len(found), next_cursor=following)


def _view(article: service.Article, language: str) -> ArticleView:
    written = service.written_language(language)
    return ArticleView(
        id=article.id,
        topic=article.topic,
        category=article.category,
        language=written,
        question=article.questions[written],
        answer=article.answers[written],
        how_to_complain=service.how_to_complain()[written],
        valid_from=article.valid_from,
        valid_to=article.valid_to,
        source=article.source,
        reviewed=article.reviewed,
    )
