"""What the checks read of the published articles: the compacted topic, the desk's store, and the replica of forms and bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, select

import intake.suggestions.models
import routing.knowledge.models
from routing.knowledge.codes import ArticleState
from routing.knowledge.service.publishing import digest_of
from shared.contracts import ArticlePublished, ArticleRetired
from shared.messaging.envelope import Envelope, read_event
from suite.verification.directory import Rows

_COPIED = ("code", "version", "topic", "category", "questions", "answers", "synonyms", "valid_from", "valid_to", "source")


@dataclass(frozen=True)
class ArticlesView:
    published: Mapping[UUID, ArticlePublished]
    """By the log: the latest event of each article that is not retired."""
    desk: Mapping[UUID, tuple[int, str]]
    """The number of the published version, and the digest of its texts."""
    replica: Mapping[UUID, Sequence[object]]
    """The columns of intake's copy."""

    def unlike(self) -> list[str]:
        """Return the articles that the log, the desk and the replica do not have alike."""
        articles = self.published.keys() | self.desk.keys() | self.replica.keys()
        return [f"{store}: {each}" for each in articles for store in self._stores_unlike(each)]

    def _stores_unlike(self, article_id: UUID) -> list[str]:
        event = self.published.get(article_id)
        at_desk = (event.version, digest_of(event)) if event is not None else None
        copied = tuple(getattr(event, name) for name in _COPIED) if event is not None else None
        differs = {"routing": self.desk.get(article_id) != at_desk, "intake": self.replica.get(article_id) != copied}
        return [store for store, is_unlike in differs.items() if is_unlike]


def note_article(articles: dict[UUID, ArticlePublished], envelope: Envelope) -> None:
    """Note an event of the compacted topic, in the order of the log: a later one replaces those before."""
    event = read_event(envelope)
    if isinstance(event, ArticlePublished):
        articles[event.article_id] = event
    elif isinstance(event, ArticleRetired):
        articles.pop(event.article_id, None)


async def read_articles(rows: Rows, published: Mapping[UUID, ArticlePublished]) -> ArticlesView:
    """Read the articles of the desk and of the replica. `published`: those of the log."""
    version, copy = _table(routing.knowledge.models.ArticleVersion), _table(intake.suggestions.models.Article)
    at_desk = select(version.c.article_id, version.c.number, version.c.published_digest).where(version.c.state == ArticleState.PUBLISHED)
    copied = select(copy.c.id, *(copy.c[name] for name in _COPIED))
    return ArticlesView(
        published=published,
        desk={row[0]: (row[1], row[2]) for row in await rows("routing", at_desk)},
        replica={row[0]: row[1:] for row in await rows("intake", copied)},
    )


def _table(model: Any) -> Table:
    return cast("Table", model.__table__)  # SQLModel does not declare it
