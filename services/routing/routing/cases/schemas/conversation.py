"""Notes, and what routing itself knows of the conversation of a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from routing.cases.codes import ConversationSide, EntryType
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.fields import Remark
from routing.cases.schemas.rows import HistoryCodes
from shared.http import ShortText, StrictModel

MAX_MENTIONS = 20


class MentionRow(TypedDict):
    """A new row of `note_mention`."""

    note_id: UUID
    subject: str
    appeal_id: UUID
    seen: bool


class NoteContent(BaseModel):
    """The content of a note; it is stored sealed."""

    text: str


class NoteIn(StrictModel):
    """A note for colleagues. `mentions`: the subjects of colleagues who may see the case."""

    text: Remark
    mentions: Annotated[list[ShortText], Field(default_factory=list, max_length=MAX_MENTIONS)]


class NoteView(BaseModel):
    """A note, opened for an entitled reader. `author_name` is None for a colleague whose token has no name."""

    note_id: UUID
    at: datetime
    author: str
    author_name: str | None
    author_role: str
    text: str
    mentions: list[str]


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """An entry of the conversation as far as routing owns it.

    `text` is None for an entry whose text another service owns: the applicant's reactions, and a response by its `response_id`.
    `author` and `author_name` name staff alone.
    """

    at: datetime
    side: ConversationSide
    type: EntryType
    author_role: str
    author: str | None = None
    author_name: str | None = None
    language: str | None = None
    text: str | None = None
    answer: AnswerContent | None = None
    missing: Sequence[str] = ()
    questions: Sequence[str] = ()
    provider_id: UUID | None = None
    """The provider whom a clerk asked."""
    response_id: UUID | None = None
    code: str | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class CaseConversation:
    """The entries of a case that routing knows, and what the entries of others are completed with."""

    appeal_id: UUID
    language: str
    received_at: datetime
    entries: Sequence[CaseEntry]


@dataclass(frozen=True, slots=True)
class MeanwhileRecord:
    """An entry of the history with its actor, for a person whose action came too late."""

    at: datetime
    type: str
    actor_role: str
    actor: str | None
    data: HistoryCodes
