"""Answers that were given, with what a letter says of their case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.cases.schemas.commands import AnswerContent


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What the check of a letter needs of an answer, without its content. `latest_id`: the latest answer to the appeal."""

    number: str
    region: str
    at: datetime
    language: str
    latest_id: UUID | None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, opened for an entitled reader."""

    answer_id: UUID
    appeal_id: UUID
    number: str
    region: str
    kind: str
    category: str | None
    topic: str | None
    at: datetime
    language: str
    content: AnswerContent
    author_role: str
    author_name: str | None
