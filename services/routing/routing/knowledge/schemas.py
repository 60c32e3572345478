"""Articles and sentences as they cross a boundary of the slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from routing.knowledge.codes import ArticleState, Attention
from shared.code_fields import code_of
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.http import ShortText, StrictModel, Text


@dataclass(frozen=True, slots=True)
class Article:
    """An answer to a common question that may be offered, with its figures filled in. Texts are by language.

    `synonyms`: other wordings of the question, for the search. Only reviewed articles are public.
    """

    id: str
    version: int
    topic: str | None
    category: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
    questions: Mapping[str, str]
    answers: Mapping[str, str]
    synonyms: Mapping[str, Sequence[str]]

    def is_valid_on(self, day: date) -> bool:
        """Whether the article is valid on the day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class MacroView(BaseModel):
    """A sentence that clerks put into answers. `body`: with `{{number}}`, `{{due_on}}` and `{{provider}}`, or their values for a case."""

    macro_id: str
    language: str
    title: str
    body: str


class ArticleView(BaseModel):
    """An answer of the first tier. `language` differs from the one requested if the article is not written in that one."""

    id: str
    topic: str | None
    category: str | None
    language: str
    question: str
    answer: str
    how_to_complain: str
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool


QUESTION_LIMIT: Final = 300  # characters: a heading of a card
ANSWER_LIMIT: Final = 4_000  # characters: the longest message of Telegram is 4 096
LINE_LIMIT: Final = 500
SYNONYMS_LIMIT: Final = 20
Revision = Annotated[int, Field(ge=0, lt=2**31)]


def _written(text: str) -> str:
    """Return the cleaned text, which may be empty: a draft is saved as far as it is written."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("malformed_text", "The text is not valid Unicode or holds a NUL character.") from None
    if "\0" in text:
        raise PydanticCustomError("malformed_text", "The text is not valid Unicode or holds a NUL character.")
    return clean(text)


Line = Annotated[str, StringConstraints(max_length=LINE_LIMIT), AfterValidator(_written)]


class TextContent(StrictModel):
    """Question and answer in one language, with `{{code}}` in place of the figures of the year.

    `synonyms`: other wordings of the question, for the search alone.
    """

    question: Annotated[str, StringConstraints(max_length=QUESTION_LIMIT), AfterValidator(_written)] = ""
    answer: Annotated[str, StringConstraints(max_length=ANSWER_LIMIT), AfterValidator(_written)] = ""
    synonyms: list[ShortText] = Field(default_factory=list, max_length=SYNONYMS_LIMIT)


class ArticleContent(StrictModel):
    """What a version says. A draft may lack parts; they are asked for before a review.

    `confirm`: what the Fund or a lawyer has to confirm; `reviewer`: who has compared the text with the source.
    """

    valid_from: date | None = None
    valid_to: date | None = None
    source: Line = ""
    reviewer: Line = ""
    confirm: Line = ""
    kk: TextContent = Field(default_factory=TextContent)
    ru: TextContent = Field(default_factory=TextContent)

    def texts(self) -> Mapping[str, TextContent]:
        return {"kk": self.kk, "ru": self.ru}


class NewArticle(StrictModel):
    """A new article: on a topic, on a category of complaints, or on both."""

    topic: Annotated[str, *code_of(taxonomy().topics)] | None = None
    category: Annotated[str, *code_of(taxonomy().categories)] | None = None


class SaveArticle(ArticleContent):
    """The draft of an article. `expected_revision`: the revision of the article that the sender read."""

    expected_revision: Revision


class ArticleCommand(StrictModel):
    """An action on an article. `reviewer`: who has compared the text with the source, for `publish`. `note`: for `return`."""

    expected_revision: Revision
    reviewer: Annotated[str, Text(LINE_LIMIT)] | None = None
    note: Annotated[str, Text(LINE_LIMIT)] | None = None


class VersionView(BaseModel):
    """A version of an article as its keepers see it."""

    number: int
    state: ArticleState
    content: ArticleContent
    authors: list[str]
    """Subjects of the tokens of those who wrote it; empty for a version that the product brought along."""
    published_by: str | None
    note: str | None
    changed_at: datetime
    published_at: datetime | None
    retired_at: datetime | None


class KeeperView(BaseModel):
    """An article with its versions, the newest first. `attention`: why it needs its keeper; null if it does not."""

    article_id: UUID
    code: str
    topic: str | None
    category: str | None
    revision: int
    attention: Attention | None
    versions: list[VersionView]


class ArticleSummary(BaseModel):
    """An article in the list of the keepers. `published` and `open`: the numbers of those versions, null if there is none."""

    article_id: UUID
    code: str
    topic: str | None
    category: str | None
    revision: int
    attention: Attention | None
    questions: dict[str, str]
    valid_to: date | None
    published: int | None
    open: int | None
    open_state: ArticleState | None


class ChangedPart(BaseModel):
    """A part of an article that differs between two versions. `part`: `kk.answer`, `valid_to`, ..."""

    part: str
    earlier: str
    later: str


class VersionComparison(BaseModel):
    """What differs between two versions of an article; nothing for equal ones."""

    earlier: int
    later: int
    changes: list[ChangedPart]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version with its article, as one row of the tables."""

    article_id: UUID
    code: str
    topic: str | None
    category: str | None
    revision: int
    seed: str | None
    number: int
    state: ArticleState
    content: Mapping[str, JsonValue]
    authors: Sequence[str]
    published_by: str | None
    note: str | None
    changed_at: datetime
    published_at: datetime | None
    retired_at: datetime | None
    published_digest: str | None

    def read(self) -> ArticleContent:
        """Return the content as it was validated when it was stored."""
        return ArticleContent.model_validate(self.content)
