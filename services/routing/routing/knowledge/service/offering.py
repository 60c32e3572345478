"""Which articles are offered on a day: published ones to everybody, and to staff also those that wait for their confirmation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from routing.knowledge import repository
from routing.knowledge.codes import ArticleState, Attention
from routing.knowledge.policy import WRITTEN_IN, filled_in, knowledge_policy
from routing.knowledge.schemas import Article, StoredVersion
from routing.knowledge.service.search import search
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork

REMEMBERED: Final = 1_000  # versions whose texts are in memory: more than there are published ones


def local_day(moment: datetime) -> date:
    """Return the day of a moment in the time zone of the central office."""
    return moment.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


async def offered(work: UnitOfWork, day: date, *, unreviewed: bool = False, subjects: Collection[str] | None = None) -> list[Article]:
    """Return the articles that may be offered on the day, in the order of their subjects.

    `unreviewed`: also the unconfirmed ones; `subjects`: only those on one of these topics and categories.
    """
    states = [ArticleState.PUBLISHED, ArticleState.IN_REVIEW] if unreviewed else [ArticleState.PUBLISHED]
    versions = await repository.versions_in(work.session, states, subjects)
    published = {version.article_id for version in versions if version.state is ArticleState.PUBLISHED}
    shown = [each for each in versions if each.state is ArticleState.PUBLISHED or each.article_id not in published]
    found = [article for article in map(_article, shown) if article is not None and article.is_valid_on(day)]
    positions = {topic: position for position, topic in enumerate(taxonomy().topics)}
    return sorted(found, key=lambda article: positions.get(article.topic or "", len(positions)))


async def search_offered(work: UnitOfWork, query: str, day: date, *, unreviewed: bool = False) -> list[Article]:
    """Return the offered articles that a search finds, best match first; all of them for an empty query."""
    return search(await offered(work, day, unreviewed=unreviewed), query)


async def questions_of(work: UnitOfWork, article_ids: Collection[UUID], language: str) -> list[str]:
    """Return the questions of articles as they were last published, in the order of the ids; unknown articles are left out."""
    versions = await repository.published_ever(work.session, article_ids)
    latest = {version.article_id: version for version in reversed(versions)}
    found = [latest[each] for each in article_ids if each in latest]
    return [filled_in(each.read().texts()[language].question, language, each.read().valid_from or each.changed_at.date()) for each in found]


async def attention_counts(work: UnitOfWork, day: date) -> dict[Attention, int]:
    """Return how many articles need their keeper on the day, and why."""
    versions = await repository.versions_in(work.session, [ArticleState.PUBLISHED, ArticleState.IN_REVIEW])
    by_article: dict[object, list[StoredVersion]] = {}
    for version in versions:
        by_article.setdefault(version.article_id, []).append(version)
    found = [attention_of(each, day) for each in by_article.values()]
    return {attention: found.count(attention) for attention in Attention}


def attention_of(versions: Sequence[StoredVersion], day: date) -> Attention | None:
    """Return why an article needs its keeper on the day, None if it does not."""
    published = next((version for version in versions if version.state is ArticleState.PUBLISHED), None)
    if published is None:
        return Attention.UNCONFIRMED if any(version.state is ArticleState.IN_REVIEW for version in versions) else None
    last = published.read().valid_to
    if last is None or day <= last - knowledge_policy().warn_before:
        return None
    return Attention.EXPIRED if day > last else Attention.EXPIRING


def uncovered_topics(articles: Collection[Article]) -> list[str]:
    """Return the topics on which no article is offered."""
    covered = {article.topic for article in articles}
    return [topic for topic in taxonomy().topics if topic not in covered]


@dataclass(frozen=True, slots=True)
class _Text:
    """A version by what its texts follow from, so that they are made ready once and not for every page."""

    key: tuple[UUID, int, ArticleState, str | None, str]
    version: StoredVersion = field(compare=False)


def _article(version: StoredVersion) -> Article | None:
    """Return a version as it is offered; None for one that has no first day or no text yet."""
    key = (version.article_id, version.number, version.state, version.published_digest, str(version.content))
    return _ready(_Text(key, version))


@lru_cache(maxsize=REMEMBERED)
def _ready(text: _Text) -> Article | None:
    version = text.version
    content = version.read()
    day, texts = content.valid_from, content.texts()
    if day is None or not all(text.question and text.answer for text in texts.values()):
        return None
    return Article(
        id=version.code,
        version=version.number,
        topic=version.topic,
        category=version.category,
        valid_from=day,
        valid_to=content.valid_to,
        source=content.source,
        reviewed=version.state is ArticleState.PUBLISHED,
        questions={language: filled_in(texts[language].question, language, day) for language in WRITTEN_IN},
        answers={language: filled_in(texts[language].answer, language, day) for language in WRITTEN_IN},
        synonyms={language: tuple(texts[language].synonyms) for language in WRITTEN_IN},
    )
