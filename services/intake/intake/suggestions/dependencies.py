"""The search of one process: the index of the published articles, built again when the replica has changed."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from intake.register.service.recipients import day_of
from intake.register.service.registration import Condition
from intake.suggestions import repository
from intake.suggestions.schemas import OfferedArticle, ReplicaState, SelfServiceIn, ShownSuggestion, Suggestion
from intake.suggestions.service import ArticleIndex, find, note_shown, record, text_in, ticket_of
from intake.suggestions.service.topics import topic_model
from shared.domain.labels import Language
from shared.ids import Ids
from shared.offload import run_on_text
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork, UnitsOfWork


class Suggester:
    """Offers published articles. Pages, routes and the bot share it."""

    def __init__(self, units: UnitsOfWork, pepper: Pepper, ids: Ids) -> None:
        self._units = units
        self._pepper = pepper
        self._ids = ids
        self._state: ReplicaState | None = None
        self._index = ArticleIndex([], topic_model())
        self._building = asyncio.Lock()

    async def suggest(self, text: str, language: Language, kind: str | None) -> Sequence[ShownSuggestion]:
        """Return what may answer a question, best first, at most three; none for anything but a question. The text is not stored."""
        index = await self._current()
        found = await run_on_text(text, find, index, text, kind, day_of(self._units.clock.now()))
        return [_shown(each, language) for each in found]

    def ticket(self, articles: Sequence[ShownSuggestion]) -> str | None:
        """Return the ticket of a list of articles that is about to be shown, None for an empty one."""
        return ticket_of(self._pepper, self._ids.new(), day_of(self._units.clock.now())) if articles else None

    async def named(self, article_ids: Sequence[UUID], language: Language) -> Sequence[ShownSuggestion]:
        """Return these articles as they are shown, without those that are retired."""
        index = await self._current()
        found = [article for each in article_ids if (article := index.article(each)) is not None]
        return [_shown(Suggestion(article, 0.0), language) for article in found]

    async def record(self, work: UnitOfWork, given: SelfServiceIn, sender: str) -> None:
        """Count a question that an article answered (`service.record`). Raises InvalidInput."""
        articles = {article.id: article for article in await repository.offered_articles(work.session)}
        await record(work, given, articles.get(given.article_id), sender)

    def noting(self, article_ids: Sequence[UUID]) -> Condition | None:
        """Return the condition of registration that stores which articles were shown; None without any."""
        return partial(_note, article_ids) if article_ids else None

    async def _current(self) -> ArticleIndex:
        """Return the index of the replica as it is now. It is built in a thread, once for all who wait."""
        if await self._read_state() != self._state:
            async with self._building:
                await self._build()
        return self._index

    async def _read_state(self) -> ReplicaState:
        async with self._units.read() as work:
            return await repository.replica_state(work.session)

    async def _build(self) -> None:
        async with self._units.read() as work:
            state = await repository.replica_state(work.session)
            articles: Sequence[OfferedArticle] = await repository.offered_articles(work.session) if state != self._state else []
        if state != self._state:
            self._index = await asyncio.to_thread(ArticleIndex, articles, topic_model())
            self._state = state


async def _note(article_ids: Sequence[UUID], work: UnitOfWork, appeal_id: UUID) -> None:
    await note_shown(work, appeal_id, article_ids)


def _shown(suggestion: Suggestion, language: Language) -> ShownSuggestion:
    article = suggestion.article
    return ShownSuggestion(
        article_id=article.id,
        title=text_in(article.questions, language),
        body=text_in(article.answers, language),
        topic=article.topic,
        score=suggestion.score,
        valid_from=article.valid_from,
        source=article.source,
    )


async def current_suggester(request: Request) -> Suggester:
    found: Suggester = request.app.state.suggester
    return found


SuggesterDep = Annotated[Suggester, Depends(current_suggester)]
