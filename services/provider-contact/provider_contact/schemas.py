"""Requests and responses of the HTTP surface; never tables."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.domain.labels import Language
from shared.http import StrictModel, Text20k

InquiryStatus = Literal["DRAFT", "SENT", "DELIVERED", "ACKNOWLEDGED", "RESPONDED", "ACCEPTED", "RETURNED"]
Version = Annotated[int, Field(ge=1, lt=2**31)]


class ProviderItem(BaseModel):
    """A directory entry found; `score` from 0 to 1, null when nothing was searched for."""

    provider_id: UUID
    bin: str | None
    """Shown to staff, unless it is a sole trader's IIN."""
    name_kk: str
    name_ru: str
    region: str
    kind: str
    score: float | None


class RefusedLine(BaseModel):
    """The first error of a line that was not taken over."""

    line: int
    code: str
    field: str
    detail: str


class ImportResult(BaseModel):
    received: int
    imported: int
    """New or changed."""
    unchanged: int
    rejected: list[RefusedLine]


class ImportDocument(BaseModel):
    """What names an import that may come again."""

    sha256: str


class ActionField(BaseModel):
    name: str
    required: bool
    options: list[str] | None = None


class NextAction(BaseModel):
    """What the one who asks may do now, in the words of a button."""

    action: str
    kk: str
    ru: str
    en: str
    fields: list[ActionField]


class InquiryItem(BaseModel):
    inquiry_id: UUID
    appeal_id: UUID
    number: str
    provider_id: UUID
    region: str
    category: str
    status: InquiryStatus
    overdue: bool
    closed: bool
    """The case was closed: nothing more is awaited."""
    sent_at: datetime
    due_at: datetime
    version: int
    next_actions: list[NextAction]


class Question(BaseModel):
    """The Fund's question in three languages."""

    kk: str
    ru: str
    en: str


class InquiryDetail(InquiryItem):
    """With the question; with the appeal's words for the provider that the applicant consented to be made known to."""

    question: Question
    discloses: bool
    text: str | None = None
    applicant: dict[str, object] | None = None
    content_available: bool = True
    """False while the owner of the words does not answer."""


class Acknowledge(StrictModel):
    expected_version: Version


class Respond(StrictModel):
    expected_version: Version
    language: Language
    code: Annotated[str, Field(max_length=60)]
    text: Text20k


class Candidate(BaseModel):
    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    score: float


class MatchItem(BaseModel):
    """A typed name that waits for a clerk; `name` is read from its owner at this moment and kept nowhere."""

    appeal_id: UUID
    number: str
    region: str
    received_at: datetime
    name: str | None
    candidates: list[Candidate]
    next_actions: list[NextAction]


class Choose(StrictModel):
    provider_id: UUID


class Chosen(BaseModel):
    """A clerk's choice, and the inquiry that followed from it, if any."""

    appeal_id: UUID
    number: str
    provider_id: UUID
    inquiry_id: UUID | None
