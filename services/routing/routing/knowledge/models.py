"""The tables of the articles. What the Fund writes for everybody is no secret and is stored as it is."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import JSON, Column
from sqlmodel import Field

from routing.base import RoutingModel
from routing.knowledge.codes import ArticleState
from shared.enum_column import EnumColumn


class ArticleRow(RoutingModel, table=True):
    """An answer to a common question; its text is in its versions. The row is locked for every change of the article."""

    __tablename__ = "article"

    article_id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, index=True)
    """A readable name for good: `pay-rates`."""
    topic: str | None = None
    category: str | None = None
    revision: int
    """Counts the changes, so that nobody changes what somebody else has changed meanwhile."""
    seed: str | None = None
    """SHA-256 of the article of the file from which the newest version was made; None once a person has changed the article."""


class ArticleVersion(RoutingModel, table=True):
    """A version of an article. At most one is PUBLISHED, and at most one is a DRAFT or IN_REVIEW."""

    __tablename__ = "article_version"

    article_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    state: ArticleState = Field(sa_column=Column(EnumColumn(ArticleState), nullable=False))
    content: dict[str, JsonValue] = Field(sa_column=Column(JSON, nullable=False))
    """An `ArticleContent`: texts, validity, source, reviewer."""
    authors: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """Subjects of those who wrote it: none of them publishes it. Empty for a version of the file."""
    published_by: str | None = None
    note: str | None = None
    """What the reviewer asks the authors to change."""
    changed_at: datetime
    published_at: datetime | None = None
    retired_at: datetime | None = None
    published_digest: str | None = None
    """SHA-256 of the texts as they were published, with their figures: other figures of the year are published again."""
