"""Answers that were given, with what a letter says of their case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.cases.schemas.commands import AnswerContent


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, opened for an entitled reader. `is_latest`: no later answer was given to the appeal."""

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
    is_latest: bool
