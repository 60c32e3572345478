"""Reactions to events of the articles: the replica from which answers are offered before filing."""

from intake.suggestions import repository
from intake.suggestions.schemas import ArticleRow
from shared.contracts import ArticlePublished, ArticleRetired
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def copy_articles(work: UnitOfWork, batch: Batch[ArticlePublished]) -> None:
    """Store the published articles of a batch in the replica."""
    latest = {received.event.article_id: received.event for received in batch.received}
    await repository.upsert_articles(work.session, [_row(event) for event in latest.values()])


async def remove_articles(work: UnitOfWork, batch: Batch[ArticleRetired]) -> None:
    """Delete the retired articles of a batch from the replica."""
    await repository.delete_articles(work.session, [received.event.article_id for received in batch.received])


def _row(event: ArticlePublished) -> ArticleRow:
    return {
        "id": event.article_id,
        "code": event.code,
        "version": event.version,
        "topic": event.topic,
        "category": event.category,
        "questions": event.questions,
        "answers": event.answers,
        "synonyms": event.synonyms,
        "valid_from": event.valid_from,
        "valid_to": event.valid_to,
        "source": event.source,
        "published_at": event.published_at,
    }
