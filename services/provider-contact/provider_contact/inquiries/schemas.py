"""Requests and responses of inquiries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, WithJsonSchema

from provider_contact.inquiries.codes import InquiryStatus
from shared.domain.labels import Language
from shared.http import StrictModel, Text20k

JsonObject = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object", "additionalProperties": True})]
Version = Annotated[int, Field(ge=1, lt=2**31)]


class ActionField(BaseModel):
    name: str
    required: bool
    options: list[str] | None = None


class NextAction(BaseModel):
    """An action that the client may take now, with the label of its button."""

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
    """The case has ended: no answer is expected any more."""
    sent_at: datetime
    due_at: datetime
    version: int
    next_actions: list[NextAction]


class Question(BaseModel):
    """The Fund's question in three languages."""

    kk: str
    ru: str
    en: str


class AskedQuestion(Question):
    """A standing question that a clerk chose, in three languages."""

    code: str


class InquiryDetail(InquiryItem):
    """The inquiry with its question, and with the appeal's text if the applicant consented to disclose it to this provider."""

    question: Question
    questions: list[AskedQuestion]
    """What a clerk asks in addition; empty if a rule sent the inquiry."""
    request_text: str | None = None
    """The clerk's own question; null if there is none, and while routing does not answer (`content_available`)."""
    discloses: bool
    text: str | None = None
    applicant: JsonObject | None = None
    """As intake answers it: passed through, never read here."""
    content_available: bool = True
    """False while intake, which owns the text, does not answer."""


class AcknowledgeRequest(StrictModel):
    expected_version: Version


class RespondRequest(StrictModel):
    expected_version: Version
    language: Language
    code: Annotated[str, Field(max_length=60)]
    text: Text20k
