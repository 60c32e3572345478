"""Requests, responses and rows of suggestions."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from intake.register.schemas import Code
from shared.domain.labels import Language
from shared.http import StrictModel, Text, Text20k

TICKET_LIMIT: Final = 100


class SuggestionsIn(StrictModel):
    """A question that is being written. Its text is neither stored nor logged."""

    text: Text20k
    language: Language = Field("kk", description="of the articles; they exist in Kazakh and Russian, and Russian stands for English")
    kind: Code | None = Field(None, description="as chosen by the person; articles are offered for CONSULTATION, or while none is chosen")


class ShownSuggestion(BaseModel):
    """An article that may answer the question."""

    article_id: UUID
    title: str
    body: str
    topic: str
    score: float = Field(description="from 0 to 1; it orders the articles of this answer and is no probability")
    valid_from: date
    source: str


class SuggestionsOut(BaseModel):
    items: list[ShownSuggestion] = Field(description="at most three, the best first; none for complaints, danger and protected matters")
    ticket: str | None = Field(None, description="of this list, for `self-service`; null for an empty one")


class SelfServiceIn(StrictModel):
    """An article that answered the person's question, so that nothing is filed. No text is accepted."""

    article_id: UUID = Field(strict=False)
    channel: Code = Field(description="a code of `channels.csv`")
    region: Code | None = Field(None, description="a code of `regions.csv`; null: the person has not named one")
    language: Language
    helped: Literal[True] = Field(True, description="only what helped is counted")
    ticket: Annotated[str, Text(TICKET_LIMIT)] | None = Field(
        None,
        description="of the list that showed the article, which counts once; without it an address counts once for an article and a day",
    )


class ArticleRow(TypedDict):
    """A row of `article`."""

    id: UUID
    code: str
    version: int
    topic: str | None
    category: str | None
    questions: dict[str, str]
    answers: dict[str, str]
    synonyms: dict[str, list[str]]
    valid_from: date
    valid_to: date | None
    source: str
    published_at: datetime


class SelfServiceRow(TypedDict):
    """A row of `self_service`."""

    id: UUID
    day: date


class ShownRow(TypedDict):
    """A row of `shown_articles`."""

    appeal_id: UUID
    article_ids: list[str]


class ReplicaState(NamedTuple):
    """What changes whenever the replica does: the number of its articles and the time of the latest publication."""

    articles: int
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class OfferedArticle:
    """A published article about a topic, as the search and the pages read it."""

    id: UUID
    topic: str
    questions: dict[str, str]
    answers: dict[str, str]
    synonyms: dict[str, list[str]]
    valid_from: date
    valid_to: date | None
    source: str

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Suggestion(NamedTuple):
    """An article that is offered, and its score."""

    article: OfferedArticle
    score: float
