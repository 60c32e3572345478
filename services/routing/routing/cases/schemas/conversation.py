"""What routing itself knows of the conversation of a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.cases.codes import ConversationSide, EntryType
from routing.cases.schemas.commands import AnswerContent


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
