"""Brings the articles of the file into the table, and the figures of the year into what was published.

Safe to run at any time and in several processes: an article that is there is not inserted again, and one that a person has changed is
left alone for good.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from routing.knowledge import events, repository
from routing.knowledge.codes import ArticleState
from routing.knowledge.policy import ArticleSeed, article_seeds
from routing.knowledge.schemas import ArticleContent, StoredVersion, TextContent
from routing.knowledge.service.publishing import digest_of, publish, retire_version
from shared.contracts import ArticlePublished
from shared.unit_of_work import UnitOfWork

NAMESPACE: Final = UUID("5b0d6a54-4d1f-5c1c-9a4e-0f7c1d2e3b4a")
"""The ids of the file's articles follow from their codes, so that every installation and every replica calls them alike."""


def id_of(code: str) -> UUID:
    """Return the id of an article of the file."""
    return uuid5(NAMESPACE, code)


async def seed(work: UnitOfWork) -> None:
    """Insert the articles of the file that are missing, and renew those that the file has in other words and nobody has changed."""
    known = await repository.seeds_of(work.session)
    by_id = {id_of(article.code): article for article in article_seeds()}
    missing = {article_id: article for article_id, article in by_id.items() if article_id not in known}
    inserted = await repository.add_articles(work.session, [_row(article_id, article) for article_id, article in missing.items()])
    for article_id, article in by_id.items():
        if article_id in inserted:
            await _add(work, article_id, article, 1)
        elif known.get(article_id) not in {None, _digest(article)}:
            await _renew(work, article_id, article)
    await _renew_figures(work)


async def _add(work: UnitOfWork, article_id: UUID, article: ArticleSeed, number: int) -> None:
    content, now, digest = _content(article), work.clock.now(), None
    if article.is_confirmed:
        digest = publish(work, article_id, article.code, number, (article.topic, article.category), content)
    row = {
        "article_id": article_id,
        "number": number,
        "state": ArticleState.PUBLISHED if article.is_confirmed else ArticleState.IN_REVIEW,
        "content": content.model_dump(mode="json"),
        "authors": [],
        "changed_at": now,
        "published_at": now if article.is_confirmed else None,
        "published_digest": digest,
    }
    await repository.add_versions(work.session, [row])


async def _renew(work: UnitOfWork, article_id: UUID, article: ArticleSeed) -> None:
    """Add the file's newer wording as a new version. Somebody who has changed the article meanwhile is not overruled."""
    await repository.lock_article(work.session, article_id)
    versions = await repository.versions_of(work.session, article_id)
    if versions[0].seed in {None, _digest(article)}:
        return
    earlier = published_of(versions)
    for version in versions:
        if version.state is not ArticleState.RETIRED:
            await retire_version(work, article_id, version.number)
    await _add(work, article_id, article, versions[0].number + 1)
    if earlier is not None and not article.is_confirmed:
        work.publish(events.article_retired(article_id, article.code, earlier.number, work.clock.now()))
    await repository.change_article(work.session, article_id, seed=_digest(article), topic=article.topic, category=article.category)


async def _renew_figures(work: UnitOfWork) -> None:
    """Publish again what has other figures, or another closing sentence, than when it was published."""
    for version in await repository.versions_in(work.session, [ArticleState.PUBLISHED]):
        if digest_of(_event(work, version)) == version.published_digest:
            continue
        await repository.lock_article(work.session, version.article_id)  # a version published meanwhile comes later in the log
        current = published_of(await repository.versions_of(work.session, version.article_id))
        if current is None or digest_of(event := _event(work, current)) == current.published_digest:
            continue
        work.publish(event)
        await repository.change_version(work.session, current.article_id, current.number, published_digest=digest_of(event))


def _event(work: UnitOfWork, version: StoredVersion) -> ArticlePublished:
    subjects = (version.topic, version.category)
    return events.article_published(version.article_id, version.code, version.number, subjects, version.read(), work.clock.now())


def published_of(versions: Iterable[StoredVersion]) -> StoredVersion | None:
    """Return the published one of the versions of an article."""
    return next((version for version in versions if version.state is ArticleState.PUBLISHED), None)


def _row(article_id: UUID, article: ArticleSeed) -> dict[str, UUID | str | int | None]:
    return {
        "article_id": article_id,
        "code": article.code,
        "topic": article.topic,
        "category": article.category,
        "revision": 1,
        "seed": _digest(article),
    }


def _content(article: ArticleSeed) -> ArticleContent:
    texts = {language: TextContent.model_validate(text.model_dump()) for language, text in article.texts.items()}
    return ArticleContent(
        valid_from=article.valid_from,
        valid_to=article.valid_to,
        source=article.source,
        reviewer=article.reviewer,
        confirm=article.confirm,
        kk=texts["kk"],
        ru=texts["ru"],
    )


def _digest(article: ArticleSeed) -> str:
    content = f"{article.topic}\n{article.category}\n{_content(article).model_dump_json()}"
    return sha256(content.encode()).hexdigest()
