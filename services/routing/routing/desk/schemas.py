"""Contents that other services return for the desk, the conversation made of them, and the lists that staff save."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from routing.cases.codes import ConversationSide, EntryType, LinkTypeText
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.filters import CaseFilterFields
from routing.cases.schemas.views import CaseItem
from shared.http import CURSOR_LIMIT, DEFAULT_LIMIT, ListResponse, ShortText, StrictModel, Text


@dataclass(frozen=True, slots=True)
class PresenceRow:
    """A member of staff on the page of a case, as it is stored."""

    appeal_id: UUID
    subject: str
    writing: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PresentColleague:
    """A colleague who has the case open now, by name."""

    name: str
    writing: bool


class Particulars(BaseModel):
    """The part of the appeal's particulars that the desk shows."""

    contested_act: str | None = None


class ApplicantContent(BaseModel):
    """Who filed the appeal; fields that are not known are None."""

    full_name: str | None = None
    iin: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class MessageContent(BaseModel):
    """A message of the applicant; `text` is None if it came without one, or is `damaged`."""

    id: UUID | None = None
    at: datetime
    kind: str = EntryType.MESSAGE
    text: str | None
    damaged: bool = False


class AttachmentContent(BaseModel):
    """A file of the appeal. `size` is bytes; `available`: it may be opened now; `message_id` None: it came with the appeal itself."""

    attachment_id: UUID
    message_id: UUID | None = None
    name: str | None = None
    media_type: str = "application/octet-stream"
    kind: str | None
    size: int
    state: str
    available: bool = False
    added_at: datetime


class ReadContent(BaseModel):
    """Reads of the appeal on one day by people of one role, as its applicant may know them."""

    last_at: datetime
    role: str | None
    part: str
    times: int


class AppealContent(BaseModel):
    """What intake returns of an appeal. Every field depends on the purpose, and is absent after an erasure."""

    text: str | None = None
    contested_act: str | None = None
    particulars: Particulars | None = None
    provider_name: str | None = None
    applicant: ApplicantContent | None = None
    messages: list[MessageContent] = []
    attachments: list[AttachmentContent] = []
    reads: list[ReadContent] = []
    shown_articles: list[UUID] = []
    """The articles that were shown before filing and did not answer the question."""

    @property
    def contested(self) -> str:
        """The contested act: a field of its own, or one of the particulars if the applicant is shown too."""
        return self.contested_act or (self.particulars.contested_act if self.particulars else None) or ""


class AnswerFileContent(BaseModel):
    """A file of a provider's answer. `size` is bytes; `available`: it may be opened now."""

    file_id: UUID
    name: str | None = None
    media_type: str = "application/octet-stream"
    size: int
    state: str
    available: bool = False


class ResponseContent(BaseModel):
    """What provider-contact returns of a response. A provider-contact of an earlier version has no files."""

    text: str | None = None
    language: str = ""
    code: str = ""
    attachments: list[AnswerFileContent] = []


class CandidateContent(BaseModel):
    """A provider that the typed name may mean. `score` is from 0 to 1."""

    provider_id: UUID
    score: float


class LabelContent(BaseModel):
    """A text in three languages."""

    kk: str = ""
    ru: str = ""
    en: str = ""


class QuickAction(LabelContent):
    """An action on an inquiry that needs nothing but a click, with the label of its button."""

    action: str


class DeliveryContent(BaseModel):
    """How a notice of an inquiry went by one method: what was sent, how, to whom, how far it is, and why the latest attempt failed."""

    notice: LabelContent
    method: LabelContent
    recipient: LabelContent | None
    state: str
    state_label: LabelContent
    attempts: int
    planned_at: datetime | None
    next_at: datetime | None
    delivered_at: datetime | None
    error: LabelContent | None


class InquiryContent(BaseModel):
    """An inquiry to a provider about the case. A provider-contact of an earlier version leaves the last fields out."""

    inquiry_id: UUID
    provider_id: UUID
    status: str
    sent_at: datetime
    due_at: datetime
    overdue: bool
    closed: bool
    version: int = 1
    round: int = 1
    time_asked_until: date | None = None
    consent: str | None = None
    """How far the provider's request for the applicant's consent is; None: it made none."""
    clock: LabelContent = LabelContent()
    actions: list[QuickAction] = []
    deliveries: list[DeliveryContent] = []


class ExchangeContent(BaseModel):
    """What provider-contact returns of an appeal. `candidates` is None if no typed name waits for a clerk."""

    candidates: list[CandidateContent] | None = None
    inquiries: list[InquiryContent] = []


class ConversationAttachment(BaseModel):
    """A file in the conversation. `size` is bytes; `href` is None while the file may not be opened, and `state` says why."""

    attachment_id: UUID
    name: str | None
    media_type: str
    size: int
    state: str
    href: str | None


class ConversationItem(BaseModel):
    """An entry of the conversation. `author_name` names staff alone; `missing`: codes of requested data; `code`: of the response.

    `text` is None where nothing was written. `unavailable`: something was, but its owner does not answer now or it is damaged.
    """

    at: datetime
    side: Annotated[ConversationSide, WithJsonSchema({"type": "string"})] = Field(serialization_alias="from")
    type: str
    language: str | None
    text: str | None
    unavailable: bool = False
    attachments: list[ConversationAttachment] = []
    author_role: str
    author_name: str | None = None
    answer: AnswerContent | None = None
    missing: list[str] = []
    questions: list[str] = []
    """Codes of `provider_questions.csv`."""
    code: str | None = None
    score: int | None = None


class Conversation(BaseModel):
    """The conversation of a case, oldest entry first. `unavailable`: the services whose entries or texts are missing now."""

    items: list[ConversationItem]
    total: int
    next_cursor: str | None = None
    unavailable: list[str]


class RelatedCase(BaseModel):
    """A suggested case. `score`: how similar its text is, of 100; None where texts are not compared."""

    appeal_id: UUID
    number: str
    type: LinkTypeText
    score: int | None


class RelatedCases(ListResponse[RelatedCase]):
    """The suggestions for a case. `unavailable`: the services that do not answer now, so that suggestions are missing."""

    unavailable: list[str]


class CaseSearch(CaseFilterFields):
    """A search for cases, with the filters of the list."""

    query: Annotated[str, Text(200)]
    """A number or its end, an exact phone or IIN, or a provider's name."""
    limit: Annotated[int, Field(ge=1, le=200)] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=CURSOR_LIMIT)] = None


class CaseSearchResult(ListResponse[CaseItem]):
    """A page of the cases that a search found. `unavailable`: the services that do not answer now, so that cases may be missing."""

    unavailable: list[str]


class ViewName(StrictModel):
    """The name of a saved view as a person typed it."""

    name: Annotated[str, Text(60)]


class DeputyIn(StrictModel):
    """The appointment of a deputy as the form sends it."""

    subject: ShortText
    until: date


@dataclass(frozen=True, slots=True)
class SavedViewRecord:
    """A saved view as it is stored; `name` is sealed."""

    id: UUID
    subject: str
    slot: int
    name: bytes
    address: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSearch:
    """What a search found, as it is stored: ids as text. `is_complete`: every service answered."""

    id: UUID
    subject: str
    appeal_ids: list[str]
    provider_ids: list[str]
    is_complete: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class NamedView:
    """A saved view, its name opened for the person who saved it. `address`: the parameters of the list."""

    view_id: UUID
    name: str
    address: str
