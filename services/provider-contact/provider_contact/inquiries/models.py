"""Tables of inquiries. `bytes` columns are sealed values; nothing that identifies a person is stored unsealed."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlalchemy import false as sqlalchemy_false
from sqlalchemy import text as sql
from sqlalchemy import true as sqlalchemy_true
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.inquiries.codes import AnswerMethod, InquiryStatus, InquiryStep
from shared.enum_column import EnumColumn

BEGINNING = "1970-01-01 00:00:00.000000"
"""The next step of inquiries that a process of an earlier version sent: the job plans them when it finds them."""


class Appeal(ProviderContactModel, table=True):
    """What this service has to know of an appeal to ask its provider. Its row is locked before an event about it is emitted."""

    appeal_id: UUID = Field(primary_key=True)
    number: str
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    received_at: datetime
    closed: bool
    protection: str | None = None
    """Why the appeal is protected (`Protection`), which decides who of the staff may see it; NULL for most appeals."""
    asked_by_rule: bool = Field(default=True, sa_column_kwargs={"server_default": sqlalchemy_true()})
    """False: no inquiry is sent by rule, for the register from which the appeal comes has asked the provider."""


class Inquiry(ProviderContactModel, table=True):
    """The Fund's question to a provider about one appeal.

    `settled`: no answer is expected, because the provider has answered, the inquiry was cancelled, or the case has ended.
    """

    __table_args__ = (
        Index("ix_inquiry_order", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_provider", "provider_id", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_step", "settled", "next_step_at"),
    )

    inquiry_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    provider_id: UUID
    category: str
    status: InquiryStatus = Field(sa_column=Column(EnumColumn(InquiryStatus), nullable=False))
    discloses: bool
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    sent_at: datetime
    version: int
    request_id: UUID | None = None
    """The request of a clerk; None: a rule sent the inquiry. Routing owns the clerk's text."""
    questions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    """Codes of `provider_questions.csv`."""
    has_text: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy_false()})
    round: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
    """The first answer is of round 1; each return of an answer begins the next round."""
    answered_at: datetime | None = None
    """When the answer of this round came."""
    clock: str = Field(default="PROVIDER_REPLY", sa_column_kwargs={"server_default": "PROVIDER_REPLY"})
    """The clock that governs `due_at`: a code of `inquiry_clocks.csv`."""
    time_asked_until: date | None = None
    """The last local day of the time that the provider asks for; None: it asks for none."""
    reminded_at: datetime | None = None
    escalated_to: str | None = None
    """The body above the provider that was notified in this round: a code of `escalation_bodies.csv`."""
    last_step: InquiryStep | None = Field(default=None, sa_column=Column(EnumColumn(InquiryStep)))
    """The last step of `inquiry_steps.csv` that was taken in this round."""
    next_step_at: datetime | None = Field(default=None, sa_column_kwargs={"server_default": BEGINNING})
    """When the next step is taken; None: no step is left."""
    flags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    """Members of `InquiryFlag`."""
    service: str | None = None
    """What the appeal is about, in words that name no person: a code of `concerned_services.csv`."""
    department: str | None = None
    """A code of `departments.csv`."""
    period_from: date | None = None
    period_to: date | None = None
    """The local days, both included, of which the appeal speaks."""


class InquiryEntry(ProviderContactModel, table=True):
    """What happened to an inquiry beyond its delivery and its answers: an action of a person, or a step of the job.

    `content` is a sealed JSON document: the texts of the action.
    """

    __tablename__ = "inquiry_entry"
    __table_args__ = (Index("ix_inquiry_entry", "inquiry_id", "at", "entry_id"),)

    entry_id: UUID = Field(primary_key=True)
    inquiry_id: UUID
    at: datetime
    type: str
    """A member of `InquiryAction` or `InquiryStep`."""
    round: int
    actor_role: str | None
    """None: the job."""
    actor: str | None
    """The subject of the person's token."""
    code: str | None
    """A reason or a body: a code of the file of the action."""
    day: date | None
    content: bytes | None


class ProviderResponse(ProviderContactModel, table=True):
    """A provider's answer; its texts are sealed, and other services read it by `response_id`.

    `counts`: it answered the inquiry. A late or repeated answer that came when none was expected is stored, and changes nothing.
    """

    __tablename__ = "response"
    __table_args__ = (
        Index("ix_response_inquiry", "inquiry_id", "at", "response_id"),
        Index(
            "ix_response_refusal",
            "at",
            "response_id",
            postgresql_where=sql("refusal_reason IS NOT NULL"),
            sqlite_where=sql("refusal_reason IS NOT NULL"),
        ),
    )

    response_id: UUID = Field(primary_key=True)
    inquiry_id: UUID
    language: str
    code: str
    text: bytes
    at: datetime
    round: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
    late: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy_false()})
    """It came after the due date."""
    counts: bool = Field(default=True, sa_column_kwargs={"server_default": sqlalchemy_true()})
    answers: bytes | None = None
    """Answers to the standing questions: a sealed JSON list."""
    refusal_reason: str | None = None
    """Why care was refused: a code of `refusal_reasons.csv`; None: the answer names no refusal."""
    refusal_rule: bytes | None = None
    """The legal ground that the provider names, sealed."""
    refusal_lawful: bool | None = None
    """The finding of the clerk who accepted the answer."""
    method: AnswerMethod = Field(
        default=AnswerMethod.PORTAL, sa_column=Column(EnumColumn(AnswerMethod), nullable=False, server_default="PORTAL")
    )
    sender: str | None = None
    """Who answered: the subject of a token, or the id of a one-time link or a provider's system."""


class ContentRead(ProviderContactModel, table=True):
    """The audit log of answers that other services read: who, on whose behalf and for what purpose."""

    __tablename__ = "content_read"

    content_read_id: UUID = Field(primary_key=True)
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime


# Rows for bulk statements; their columns are those of the tables above.


class AppealRow(TypedDict):
    appeal_id: UUID
    number: str
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    received_at: datetime
    closed: bool
    protection: str | None
    asked_by_rule: bool


class AppealChange(TypedDict, total=False):
    """The columns of an appeal that events change."""

    region: str
    tier: int | None
    kind: str | None
    category: str | None
    discloses: bool
    closed: bool
    protection: str | None


class InquiryRow(TypedDict):
    inquiry_id: UUID
    appeal_id: UUID
    provider_id: UUID
    category: str
    status: InquiryStatus
    discloses: bool
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    sent_at: datetime
    version: int
    request_id: UUID | None
    questions: list[str]
    has_text: bool
    clock: str
    next_step_at: datetime | None
    service: str | None
    department: str | None
    period_from: date | None
    period_to: date | None


class StepChange(TypedDict):
    """The columns of an inquiry that a step changes."""

    inquiry_id: UUID
    last_step: InquiryStep | None
    next_step_at: datetime | None
    overdue: bool
    reminded_at: datetime | None
    escalated_to: str | None


class EntryRow(TypedDict):
    entry_id: UUID
    inquiry_id: UUID
    at: datetime
    type: str
    round: int
    actor_role: str | None
    actor: str | None
    code: str | None
    day: date | None
    content: bytes | None
