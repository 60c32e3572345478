"""The articles over HTTP: for readers, and for those who keep them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator

from routing.knowledge import service
from routing.knowledge.codes import ArticleAction
from routing.knowledge.dependencies import KeeperDep
from routing.knowledge.errors import ArticleActionNotPossible, ArticleChanged, EarlierVersionStillValid, SecondPersonNeeded
from routing.knowledge.schemas import (
    ArticleCommand,
    ArticleSummary,
    ArticleView,
    KeeperView,
    MacroView,
    NewArticle,
    SaveArticle,
    VersionComparison,
)
from routing.knowledge.service import keeping
from shared.auth import STAFF, Principal, PrincipalDep, require
from shared.dependencies import ClockDep, OnceDep, ReadDep
from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, MalformedText, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body, page_of
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork

router = APIRouter(tags=["articles"])
KEEPER_ERRORS = (Unauthorized, Forbidden, InvalidInput, MalformedText, IdempotencyKeyReused)
VersionNumber = Annotated[int, Query(ge=1, lt=2**31)]


@router.get("/v1/articles", responses=responses(InvalidInput))
async def list_articles(
    clock: ClockDep,
    principal: PrincipalDep,
    work: ReadDep,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=200), AfterValidator(clean)] = "",
    language: Language = "kk",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ArticleView]:
    """Return answers of the first tier, best match first. Articles that are not confirmed yet are visible to staff alone."""
    found = await service.search_offered(work, query, service.local_day(clock.now()), unreviewed=principal.is_staff)
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


@router.get("/v1/knowledge", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_knowledge(
    _keeper: KeeperDep, clock: ClockDep, work: ReadDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[ArticleSummary]:
    """Return every article for its keepers: the expired, expiring and unconfirmed ones first, then by code."""
    found = await keeping.list_articles(work, service.local_day(clock.now()))
    page, following = page_of(found, limit, cursor)
    return ListResponse(items=list(page), total=len(found), next_cursor=following)


@router.post("/v1/knowledge", status_code=201, response_model=KeeperView, responses=responses(*KEEPER_ERRORS))
async def create_article(keeper: KeeperDep, clock: ClockDep, once: OnceDep, payload: Annotated[NewArticle, body(NewArticle)]) -> Response:
    """Begin an article on a topic or a category of complaints: it has an empty draft."""

    async def carry_out(work: UnitOfWork) -> KeeperView:
        article_id = await keeping.create_article(work, keeper, payload)
        return await keeping.read_article(work, article_id, service.local_day(clock.now()))

    return await once("create-article", payload, carry_out, status=201)


@router.get("/v1/knowledge/{article_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_article(article_id: UUID, _keeper: KeeperDep, clock: ClockDep, work: ReadDep, _query: KnownQuery) -> KeeperView:
    """Return an article with all its versions, the newest first."""
    return await keeping.read_article(work, article_id, service.local_day(clock.now()))


@router.put("/v1/knowledge/{article_id}/draft", response_model=KeeperView, responses=responses(*KEEPER_ERRORS, NotFound, ArticleChanged))
async def save_article(
    article_id: UUID, keeper: KeeperDep, clock: ClockDep, once: OnceDep, payload: Annotated[SaveArticle, body(SaveArticle)]
) -> Response:
    """Save the unpublished version as far as it is written, or begin one. A version in review becomes a draft again."""

    async def carry_out(work: UnitOfWork) -> KeeperView:
        await keeping.save_draft(work, keeper, article_id, payload)
        return await keeping.read_article(work, article_id, service.local_day(clock.now()))

    return await once(f"save-article {article_id}", payload, carry_out)


@router.post(
    "/v1/knowledge/{article_id}/actions/{action}",
    response_model=KeeperView,
    responses=responses(*KEEPER_ERRORS, NotFound, ArticleChanged, ArticleActionNotPossible, SecondPersonNeeded, EarlierVersionStillValid),
)
async def change_article(
    article_id: UUID,
    action: ArticleAction,
    keeper: KeeperDep,
    clock: ClockDep,
    once: OnceDep,
    payload: Annotated[ArticleCommand, body(ArticleCommand)],
) -> Response:
    """Submit a draft for review, return, publish or discard it, or retire what is published.

    A version is published by somebody who did not write it and who names the person or body that compared it with its source.
    """

    async def carry_out(work: UnitOfWork) -> KeeperView:
        return await keeping.carry_out(work, keeper, article_id, action, payload, service.local_day(clock.now()))

    return await once(f"{action} article {article_id}", payload, carry_out)


@router.get("/v1/knowledge/{article_id}/comparison", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def compare_versions(
    article_id: UUID, _keeper: KeeperDep, work: ReadDep, _query: KnownQuery, earlier: VersionNumber, later: VersionNumber
) -> VersionComparison:
    """Return what differs between two versions of an article, part by part."""
    return await keeping.compare(work, article_id, earlier, later)


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
