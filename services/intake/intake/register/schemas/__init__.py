"""Requests and responses of the register. Requests check lengths and shapes; `service.filing` checks the content."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from intake.register.codes import ContactKind, ReadPart, Verdict, VerificationPurpose
from intake.register.schemas.offers import CommitmentOut, ConsentRequestOut, ProposalOut
from shared.http import ShortText, StrictModel, Text, Text20k, code_text

Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]
Moment = Annotated[str, Text(40)]  # parsed by `service.filing.moment`, as pydantic accepts bare numbers as times


class ProviderIn(StrictModel):
    """A provider chosen from the directory, or named as free text."""

    provider_id: UUID | None = None
    name: Annotated[str, Text(300)] | None = None


class ApplicantIn(StrictModel):
    """The applicant; `{}` is anonymous."""

    full_name: ShortText | None = None
    iin: Annotated[str, Text(40)] | None = None
    phone: Annotated[str, Text(40)] | None = None
    email: Annotated[str, Text(254)] | None = None
    address: Annotated[str, Text(500)] | None = None


class PatientIn(StrictModel):
    """The person for whom the applicant speaks."""

    full_name: ShortText
    iin: Annotated[str, Text(40)] | None = None


class AppealIn(StrictModel):
    channel: Code | None = None
    language: Code | None = None
    kind: Code | None = None
    category: Code | None = None
    topic: Code | None = None
    statutory_form: Code | None = None
    region: Code
    provider: ProviderIn | None = None
    text: Text20k | None = None
    applicant: ApplicantIn
    patient: PatientIn | None = None
    authority: Annotated[str, Text(300)] | None = Field(None, description="by what right the applicant speaks for the patient")
    contested_act: Annotated[str, Text(500)] | None = Field(None, description="the act or inaction an administrative complaint is about")
    answer_by: Code | None = Field(None, description="the channel on which the answer is wanted")
    consents: list[Code] = Field(default=[], max_length=10)
    received_at: Moment | None = Field(None, description="RFC 3339; for operators, channels and partners")
    external_number: Annotated[str, Text(100)] | None = Field(None, description="the number in the register of a partner who passes it on")


class ReceivedBy(BaseModel):
    name: str
    position: str


class Day(BaseModel):
    """A day of a deadline's calculation: its number, None for a day that is not counted, and the reason."""

    date: date
    counts: int | None
    kk: str
    ru: str
    en: str


class Registered(BaseModel):
    """The receipt (АППК art. 64(2)): number, PIN, times, who received it, and the day-by-day calculation of the date due."""

    appeal_id: UUID
    number: str
    pin: str
    status: str
    received_at: datetime
    registered_at: datetime
    received_by: ReceivedBy | None
    due_at: datetime
    due_provisional: bool
    due_explanation: list[Day]
    links: dict[str, str]


class HeldFor(BaseModel):
    holder: str
    seconds: int


class Finding(BaseModel):
    category: str | None = None
    outcome: str
    fact: str | None = None
    rule: str | None = None


class AnswerOut(BaseModel):
    at: datetime
    language: str
    text: str
    findings: list[Finding] = []
    next_steps: str | None = None
    how_to_complain: str | None = None


class TimelineEntry(BaseModel):
    at: datetime
    type: str
    kk: str
    ru: str
    en: str


class MessageOut(BaseModel):
    """A message after filing, by APPLICANT or FUND; `text` is None if this reader may not see it or its owner does not reply."""

    id: UUID
    at: datetime
    by: str
    kind: str
    text: str | None
    due_at: datetime | None


class AttachedFileOut(BaseModel):
    id: UUID
    message_id: UUID | None
    type: str | None
    size: int
    state: str


class AppealRead(BaseModel):
    """Reads of an appeal on one day, by people of one role. No reader is named."""

    last_at: datetime
    role: str | None = Field(description="a role of the HTTP surface; null: a member of staff whose role is not recorded")
    part: ReadPart
    times: int


class KnownProvider(BaseModel):
    """The medical organisation that an appeal is about, from the directory."""

    provider_id: UUID
    name_kk: str
    name_ru: str


class Tracked(BaseModel):
    """The state of an appeal. `answer_available` without an `answer`: it was given, but its owner does not reply now."""

    number: str
    status: str
    holder: str
    tier: int | None
    region: str
    received_at: datetime
    registered_at: datetime
    due_at: datetime | None
    due_provisional: bool
    extended_until: date | None = Field(None, description="the local day until which the statutory term was extended (АППК art. 76(3))")
    outcome: str | None
    time_held: list[HeldFor]
    answer: AnswerOut | None
    answer_available: bool
    timeline: list[TimelineEntry]
    kind: str | None = None
    text: str | None = Field(None, description="as filed; for the applicant alone, as the next four")
    category: str | None = None
    topic: str | None = None
    provider: KnownProvider | None = Field(None, description="null: none is named, or the one that is named is not in the directory yet")
    reads: list[AppealRead] = Field([], description="who read the appeal, newest first")
    messages: list[MessageOut] = []
    attachments: list[AttachedFileOut] = []
    open_question: UUID | None = Field(None, description="the message that the Fund waits for a reply to")
    verdict: str | None = Field(None, description="the applicant's verdict on the answer: RESOLVED or NOT_RESOLVED")
    score: int | None = None
    contact_confirmed: bool = False
    unconfirmed_contacts: list[str] = Field(
        [], description="phone, email: until a code confirms them nothing but codes is sent there; for the applicant alone"
    )
    withdrawal_pending: bool = False
    followed_by: str | None = Field(None, description="the number of the appeal that follows")
    proposals: list[ProposalOut] = Field([], description="oldest first; for the applicant alone, as the commitments")
    commitments: list[CommitmentOut] = []
    consent_requests: list[ConsentRequestOut] = []
    actions: list[str] = Field(
        [], description="the actions that the applicant may take now, by the names of the API calls; empty for other readers"
    )


CodeText = Annotated[str, BeforeValidator(code_text), StringConstraints(pattern=r"^[0-9]{4,10}$")]


class UploadIn(StrictModel):
    """A finished upload, with its secret."""

    upload_id: UUID = Field(strict=False)
    token: Annotated[str, Text(200)]


class MessageIn(StrictModel):
    text: Text20k
    attachments: list[UploadIn] = Field(default=[], max_length=10)


class VerificationIn(StrictModel):
    contact: ContactKind | None = Field(None, description="where to; without it to the telephone, else by e-mail")
    purpose: VerificationPurpose = Field("contact-confirmation", description="the call that the code goes with; for any other it is wrong")


class PinRecoveryIn(StrictModel):
    """A request for a new PIN. `contact`: the phone or e-mail that is confirmed for the appeal; a code goes there and nowhere else."""

    number: Annotated[str, Text(100)]
    contact: Annotated[str, Text(320)]


class PinConfirmationIn(StrictModel):
    """The code that was sent to the contact."""

    number: Annotated[str, Text(100)]
    code: CodeText


class NewPin(BaseModel):
    """The new PIN of an appeal; the old one no longer opens it."""

    pin: str


class ContactIn(StrictModel):
    code: CodeText


class WithdrawalIn(StrictModel):
    statement: Text20k
    reason: Code
    code: CodeText = Field(description="as `verification` with the purpose `withdrawal` sent it")


class ConfirmationIn(StrictModel):
    outcome: Verdict = Field(strict=False)
    reason: Text20k | None = None


class FeedbackIn(StrictModel):
    score: int = Field(ge=1, le=5)
    comment: Annotated[str, Text(2000)] | None = None


class ReopeningIn(StrictModel):
    reason: Text20k


class CallBackIn(StrictModel):
    confirmed: bool = Field(description="the applicant confirms in the call that the withdrawal is voluntary")
    note: Annotated[str, Text(2000)] | None = None


class Added(BaseModel):
    """The response to an action: number and status of the appeal after it."""

    number: str
    status: str


class MessageAddedOut(Added):
    message_id: UUID
    at: datetime


class CodeSent(Added):
    contact: ContactKind
    expires_at: datetime


class ContactConfirmed(Added):
    contact: ContactKind
    confirmed_at: datetime


class WithdrawalResult(Added):
    """PENDING: the Fund calls back first."""

    withdrawal: Literal["PENDING", "DONE", "REFUSED"]


class OutcomeResult(Added):
    """`followed_by`: the receipt of the new appeal that follows."""

    outcome: Verdict
    followed_by: Registered | None = None


class Reopened(Added):
    """Without `followed_by` a consultation continues in the same case."""

    followed_by: Registered | None = None


class Rated(Added):
    score: int


class WithdrawalItem(BaseModel):
    """A withdrawal that waits for the Fund's call. Its statement is read at the desk."""

    appeal_id: UUID
    number: str
    region: str
    kind: str | None
    status: str
    reason: str
    asked_at: datetime
