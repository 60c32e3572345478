"""The tables of suggestions: the replica of the published articles, and the questions that an article answered, without their text."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from intake.base import IntakeModel


class Article(IntakeModel, table=True):
    """A published answer to a common question, copied from routing's events. Its text is public."""

    __tablename__ = "article"

    id: UUID = Field(primary_key=True)
    code: str
    version: int
    topic: str | None
    category: str | None
    questions: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    answers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    synonyms: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    valid_from: date
    valid_to: date | None
    source: str
    published_at: datetime


class SelfService(IntakeModel, table=True):
    """A question that an article answered before filing. It holds neither the question nor who asked."""

    __tablename__ = "self_service"

    id: UUID = Field(primary_key=True)
    """The first half of a keyed hash of sender, article and day, so that a sender's question counts once."""
    day: date = Field(index=True)


class ShownArticles(IntakeModel, table=True):
    """The articles that the sender of an appeal was shown before filing it."""

    __tablename__ = "shown_articles"

    appeal_id: UUID = Field(primary_key=True)
    article_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
