"""Constructors of the events about articles. A published text is public, so it travels with its figures filled in."""

from datetime import datetime
from uuid import UUID

from routing.knowledge.policy import WRITTEN_IN, filled_in, how_to_complain
from routing.knowledge.schemas import ArticleContent
from shared.contracts import ArticlePublished, ArticleRetired


def article_published(
    article_id: UUID, code: str, number: int, subjects: tuple[str | None, str | None], content: ArticleContent, at: datetime
) -> ArticlePublished:
    """Return the event of a published version. `subjects`: topic and category. A published version has its first day."""
    topic, category = subjects
    day = content.valid_from or at.date()
    texts = content.texts()
    return ArticlePublished(
        article_id=article_id,
        code=code,
        version=number,
        topic=topic,
        category=category,
        questions={language: filled_in(texts[language].question, language, day) for language in WRITTEN_IN},
        answers={language: filled_in(texts[language].answer, language, day) for language in WRITTEN_IN},
        synonyms={language: list(texts[language].synonyms) for language in WRITTEN_IN},
        how_to_complain=dict(how_to_complain()),
        valid_from=day,
        valid_to=content.valid_to,
        source=content.source,
        published_at=at,
    )


def article_retired(article_id: UUID, code: str, number: int, at: datetime) -> ArticleRetired:
    """Return the event of an article without a published version."""
    return ArticleRetired(article_id=article_id, code=code, version=number, retired_at=at)
