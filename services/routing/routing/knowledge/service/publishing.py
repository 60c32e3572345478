"""Publishes a version: the state of the rows, and the event that carries the public text to other services."""

from hashlib import sha256
from uuid import UUID

from routing.knowledge import events, repository
from routing.knowledge.codes import ArticleState
from routing.knowledge.schemas import ArticleContent
from shared.contracts import ArticlePublished
from shared.unit_of_work import UnitOfWork


def digest_of(event: ArticlePublished) -> str:
    """Return the SHA-256 of what readers of the event see of an article; the time of publication does not count."""
    return sha256(event.model_dump_json(exclude={"published_at", "version"}).encode()).hexdigest()


def publish(
    work: UnitOfWork, article_id: UUID, code: str, number: int, subjects: tuple[str | None, str | None], content: ArticleContent
) -> str:
    """Publish the event of a version, and return the digest of its texts, to be stored with the version."""
    event = events.article_published(article_id, code, number, subjects, content, work.clock.now())
    work.publish(event)
    return digest_of(event)


async def retire_version(work: UnitOfWork, article_id: UUID, number: int) -> None:
    """Note that a version is not in force any more."""
    await repository.change_version(work.session, article_id, number, state=ArticleState.RETIRED, retired_at=work.clock.now())
