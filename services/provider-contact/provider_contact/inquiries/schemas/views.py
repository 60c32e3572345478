"""Responses of inquiries."""

from datetime import date, datetime
from typing import Annotated, NamedTuple, TypeAlias
from uuid import UUID

from pydantic import BaseModel, JsonValue, WithJsonSchema

from provider_contact.inquiries.codes import AnswerMethod, ConsentState, InquiryStatus, NoticeKind
from shared.contracts import AppealWithdrawn, OutcomeConfirmed
from shared.domain.taxonomy import AnswerType

JsonObject = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object", "additionalProperties": True})]


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


class InquiryClockView(BaseModel):
    """The clock that governs the due date."""

    code: str
    kk: str
    ru: str
    en: str


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
    clock: InquiryClockView
    round: int
    """The first answer is of round 1; each return of an answer begins the next round."""
    time_asked_until: date | None
    """The last day of the time that the provider asks for; null if no request waits for a decision."""
    consent: ConsentState | None
    """How far the provider's request is to be told who the applicant is; null: it made none."""
    version: int
    next_actions: list[NextAction]


class Question(BaseModel):
    """The Fund's question in three languages."""

    kk: str
    ru: str
    en: str


class AnswerOption(Question):
    """A code to choose, with its label."""

    code: str


class AskedQuestion(Question):
    """A standing question in three languages, with the type of its answer."""

    code: str
    answer_type: AnswerType
    options: list[AnswerOption] | None
    """What a CHOICE chooses from; null for other types."""


class QuestionAnswerView(BaseModel):
    """The answer to one standing question."""

    question: str
    value: str | None
    text: str | None


class RefusalView(BaseModel):
    """A refusal of care as the provider explains it. `lawful`: the finding of the clerk who accepted the answer; null: none was made."""

    reason: str
    rule: str
    lawful: bool | None


class RefusalItem(BaseModel):
    """A refusal of care in the register of refusals."""

    response_id: UUID
    inquiry_id: UUID
    appeal_id: UUID
    number: str
    provider_id: UUID
    region: str
    category: str
    at: datetime
    reason: str
    rule: str
    """The legal ground that the provider names."""
    lawful: bool | None
    """The finding of the clerk who accepted the answer; null: none was made."""
    answer: Question | None
    """What to answer the citizen, in plain words; null until a finding is made."""


class AnswerFileView(BaseModel):
    """A file of a provider's answer; `kk`, `ru` and `en` explain its state."""

    file_id: UUID
    name: str | None
    """Null: the stored name cannot be opened."""
    kind: str
    media_type: str
    size: int
    state: str
    available: bool
    """It may be downloaded now."""
    added_at: datetime
    kk: str
    ru: str
    en: str


class DocumentView(BaseModel):
    """A document of the appeal that the Fund shows to the provider. Staff read it with the case, and get its id alone here."""

    attachment_id: UUID
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    available: bool = False
    """It may be downloaded now."""


class ResponseView(BaseModel):
    """An answer of the provider. `counts`: false for a late or repeated answer that came when none was expected."""

    response_id: UUID
    round: int
    at: datetime
    method: AnswerMethod
    language: str
    code: str
    text: str
    late: bool
    counts: bool
    answers: list[QuestionAnswerView]
    refusal: RefusalView | None
    attachments: list[AnswerFileView] = []


class DeliveryView(BaseModel):
    """How a notice of the inquiry went by one method."""

    notice: NoticeKind
    method: str
    """PORTAL, WEBHOOK, EMAIL or TELEPHONE."""
    state: str
    """WAITING, BY_PERSON (staff has to call), DELIVERED, FAILED, or DROPPED: it was not needed any more."""
    contact_role: str | None
    """The role of the contact that it goes to; null for the portal and the provider's system."""
    body: str | None
    """The body above the provider that it goes to, a code of `escalation_bodies.csv`; null: to the provider, which reads only these."""
    attempts: int
    planned_at: datetime | None
    next_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None


class EntryView(BaseModel):
    """What happened to the inquiry beyond its delivery and its answers."""

    at: datetime
    type: str
    """An action of `next_actions`, or a step without an answer: REMINDER, OVERDUE, ESCALATION."""
    round: int
    actor_role: str | None
    """Null: a rule of the Fund."""
    code: str | None
    """The reason or the body."""
    day: date | None
    text: str | None
    spoken_to: str | None
    position: str | None


class ProposalView(BaseModel):
    """A proposal as it is shown with its inquiry."""

    proposal_id: UUID
    status: str
    """A code of `ProposalStatus`."""
    language: str
    text: str
    proposed_at: datetime
    answer_until: datetime
    answered_at: datetime | None


class CommitmentView(BaseModel):
    """A promise as it is shown with its inquiry."""

    commitment_id: UUID
    status: str
    """A code of `CommitmentStatus`."""
    language: str
    text: str
    due_on: date
    made_at: datetime
    ended_at: datetime | None
    excuse_reason: str | None


class InquiryDetail(InquiryItem):
    """The inquiry with its question, and with the appeal's text if the applicant consented to disclose it to this provider."""

    question: Question
    summary: Question
    """What can be known of the appeal without its text and its applicant: the subject, the region and the day, and what follows here."""
    service: str | None = None
    """The service that the appeal is about: a code of `concerned_services.csv`."""
    department: str | None = None
    """A code of `departments.csv`."""
    period_from: date | None = None
    period_to: date | None = None
    """The local days, both included, of which the appeal speaks."""
    questions: list[AskedQuestion]
    """The standing questions: of the category if a rule sent the inquiry, else those that a clerk chose."""
    responses: list[ResponseView]
    """The provider's answers, oldest first."""
    deliveries: list[DeliveryView]
    """How the notices of the inquiry went, oldest first."""
    proposals: list[ProposalView]
    """What the provider says it has solved, oldest first."""
    commitments: list[CommitmentView]
    """What the provider has promised by a day, oldest first."""
    history: list[EntryView]
    """What else happened to the inquiry, oldest first."""
    request_text: str | None = None
    """The clerk's own question; null if there is none, and while routing does not answer (`content_available`)."""
    discloses: bool
    text: str | None = None
    applicant: JsonObject | None = None
    """As intake answers it: passed through, never read here."""
    documents: list[DocumentView] = []
    """Documents of the appeal that the Fund shows to the provider; none while intake does not answer (`content_available`)."""
    content_available: bool = True
    """False while intake, which owns the text, does not answer."""


AppealStatement: TypeAlias = AppealWithdrawn | OutcomeConfirmed
"""The events of an applicant's own word that have the codes of their appeal."""


class ClosedAppeal(NamedTuple):
    """An appeal that was open until its case ended."""

    provider_id: UUID | None
    received_at: datetime
