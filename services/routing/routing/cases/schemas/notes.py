"""Notes and questions to providers as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.cases.codes import NoteKind


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A note or a logged call as it is stored; `content` is a sealed `NoteContent`."""

    note_id: UUID
    appeal_id: UUID
    at: datetime
    kind: NoteKind
    content: bytes
    actor_role: str
    actor: str


@dataclass(frozen=True, slots=True)
class ProviderQuestionRecord:
    """A clerk's question to a provider as it is stored; `content` is a sealed `ProviderQuestionContent`."""

    request_id: UUID
    appeal_id: UUID
    at: datetime
    provider_id: UUID
    language: str
    content: bytes
    actor_role: str
    actor: str
