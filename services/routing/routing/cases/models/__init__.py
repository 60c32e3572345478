"""The tables of the cases. They hold codes, ids and times; the only texts are answers, letters and notes, and those are sealed."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, UniqueConstraint, false, text
from sqlmodel import Field

from routing.base import RoutingModel
from routing.cases.codes import ExtensionDecision, NoteKind, ProposalState, Urgency
from routing.cases.models.approvals import ApprovalRequest
from routing.cases.models.deliveries import BodyDelivery
from routing.cases.models.staff import Colleague, DeputyAppointment, QueueSetting
from routing.cases.schemas.corrections import SubjectCodes
from routing.cases.schemas.issues import IssueCodes
from routing.cases.schemas.rows import HistoryCodes
from routing.classification.schemas import StoredClassification
from shared.domain.lifecycle import CaseStatus, Holder
from shared.enum_column import EnumColumn

__all__ = [
    "Answer",
    "AnswerDraft",
    "AppealCase",
    "ApprovalRequest",
    "BodyDelivery",
    "Colleague",
    "ContentRead",
    "Correction",
    "DeputyAppointment",
    "ExtensionRequest",
    "History",
    "IssueFinding",
    "Letter",
    "Note",
    "NoteMention",
    "Provider",
    "ProviderQuestion",
    "QueueSetting",
]

_SENDING: Final = text("sends_at IS NOT NULL")
_OPEN: Final = text("closed_at IS NULL")
_WAITING: Final = text("closed_at IS NULL AND assignee IS NULL")
_UNSEEN: Final = text("NOT seen")
_DUPLICATE: Final = text("duplicate_of IS NOT NULL")
_PROVIDER: Final = text("provider_id IS NOT NULL")
_PROTECTED: Final = text("protection IS NOT NULL")
_EXTENSION: Final = text("extension_id IS NOT NULL AND answer_id IS NULL AND closed_at IS NULL")
_APPROVAL: Final = text("approval_id IS NOT NULL AND closed_at IS NULL")
_COUNTED: Final = ("assignee", "status", "kind", "language", "received_at", "sends_at", "updated_at")
"""Columns by which open cases are counted and ordered: with them in the index, PostgreSQL does so without reading the rows."""
_Numbered = BigInteger().with_variant(Integer, "sqlite")


class AppealCase(RoutingModel, table=True):
    """The case of an appeal. `version` grows with every change that a clerk must know before acting."""

    __tablename__ = "appeal_case"
    # Work lists select open cases only: their partial indexes stay small whatever the number of closed cases.
    __table_args__ = (
        Index("ix_case_due", "next_due_at", "appeal_id"),
        Index("ix_case_region_due", "region", "next_due_at", "appeal_id", postgresql_include=("protection", "concerned")),
        Index("ix_case_tier_due", "tier", "next_due_at", "appeal_id"),
        Index(
            "ix_case_open_due",
            "next_due_at",
            "appeal_id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
            postgresql_include=("region", "tier", "protection", "concerned", *_COUNTED),
        ),
        Index(
            "ix_case_open_region",
            "region",
            "next_due_at",
            "appeal_id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
            postgresql_include=("tier", "protection", "concerned", *_COUNTED),
        ),
        Index(
            "ix_case_open_tier",
            "tier",
            "next_due_at",
            "appeal_id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
            postgresql_include=("region", "protection", "concerned", *_COUNTED),
        ),
        Index("ix_case_sends_at", "sends_at", "appeal_id", sqlite_where=_SENDING, postgresql_where=_SENDING),
        Index("ix_case_received", "received_at", "appeal_id"),
        Index("ix_case_updated", "updated_at", "appeal_id"),
        Index("ix_case_provider", "provider_id", "next_due_at", "appeal_id", sqlite_where=_PROVIDER, postgresql_where=_PROVIDER),
        Index("ix_case_duplicate", "duplicate_of", sqlite_where=_DUPLICATE, postgresql_where=_DUPLICATE),
        Index(
            "ix_case_news",
            "next_due_at",
            "appeal_id",
            sqlite_where=text("has_news = 1"),
            postgresql_where=text("has_news"),
            postgresql_include=("region", "tier", "protection", "concerned"),
        ),
        Index(
            "ix_case_unsorted",
            "next_due_at",
            "appeal_id",
            sqlite_where=text("unsorted = 1"),
            postgresql_where=text("unsorted"),
            postgresql_include=("region", "tier", "protection", "concerned"),
        ),
        Index("ix_case_extension", "next_due_at", "appeal_id", sqlite_where=_EXTENSION, postgresql_where=_EXTENSION),
        Index("ix_case_approval", "next_due_at", "appeal_id", sqlite_where=_APPROVAL, postgresql_where=_APPROVAL),
        Index("ix_case_open_assignee", "assignee", "next_due_at", "appeal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_case_protected", "next_due_at", "appeal_id", sqlite_where=_PROTECTED, postgresql_where=_PROTECTED),
        Index("ix_case_waiting", "queue", "next_due_at", "appeal_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    appeal_id: UUID = Field(primary_key=True)
    number: str
    number_digits: int = Field(sa_column=Column(BigInteger, nullable=False, index=True, unique=True))
    """The digits of the number as one integer, as unique as the number: its first digits are a range of it."""
    serial: int = Field(index=True)
    """The seven digits before the check digit: the index for searches by the end of a number."""
    version: int = 1
    status: CaseStatus = Field(sa_column=Column(EnumColumn(CaseStatus), nullable=False))
    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: Urgency = Field(sa_column=Column(EnumColumn(Urgency), nullable=False))
    holder: Holder = Field(sa_column=Column(EnumColumn(Holder), nullable=False))
    queue: str
    assignee: str | None
    """The subject of the token of the clerk who works on the case."""
    region: str
    provider_id: UUID | None
    language: str
    channel: str
    classification: StoredClassification = Field(sa_column=Column(JSON, nullable=False))
    """The result of the classifier when the case was opened; corrections are in their own table."""
    received_at: datetime
    registered_at: datetime
    imported: bool
    outcome: str | None
    closed_at: datetime | None
    follows: UUID | None = None
    """The earlier appeal that this one continues."""
    answer_by: str | None = None
    """The delivery method that the applicant chose for the answer."""
    anonymous: bool = False
    danger: str | None = None
    """The rule of `dangers.csv` under which the appeal is redirected at once."""
    redirected_to: str | None = None
    """The body that a clerk informed of the danger."""
    answer_id: UUID | None = None
    """The latest answer."""
    answer_outcome: str | None = None
    """The outcome of that answer."""
    confirmed_outcome: str | None = None
    """The outcome of the case if the applicant confirms that answer, where it is not that of the answer."""
    proposals: dict[str, ProposalState] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What became of the proposals of providers, by the id of the proposal; NULL without one."""
    reopened_at: datetime | None = None
    """When the case was last reopened after an answer or its end. The statutory term has ended with that and is not extended."""
    has_news: bool = False
    """The applicant wrote, and no clerk has acted since."""
    unsorted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """The text decided nothing, and no person has sorted the appeal yet: kind and tier are provisional, and the clock TRIAGE runs."""
    fix_passed: bool = False
    """The term to complete the appeal is over, and nothing was received."""
    score: int | None = None
    notes_count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many notes colleagues have written. A note does not change the version: no action depends on it."""
    follow_up_on: date | None = None
    """The local day on which the applicant is to be called again."""
    duplicate_of: UUID | None = None
    """The case that this one was linked to as a duplicate; that one is no duplicate itself."""
    issue_codes: list[IssueCodes] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """Stored once an issue is split off or has a finding of its own. The texts of findings are in `issue_finding`."""
    updated_at: datetime
    """When the case was opened or last changed, by a person or an event."""
    next_due_at: datetime
    """The earliest due time of the running clocks, `clocks.schemas.NEVER` without one."""
    sends_at: datetime | None = None
    """When the answer that waits is sent; None: none waits. The answer itself is its author's draft."""
    sending_by: str | None = None
    """The subject of the token of the clerk whose answer waits."""
    extended_until: date | None = None
    """The local day on which the extended statutory term ends; None: it was not extended."""
    extension_id: UUID | None = None
    """The request to extend the term that waits for a decision; it is past once the case is answered or ended."""
    extension_by: str | None = None
    """The subject of the token of the clerk who made that request."""
    approval_id: UUID | None = None
    """The action that waits for a second person; it lapses when the case ends."""
    approval_by: str | None = None
    """The subject of the token of the clerk who asked for that action."""
    approval_action: str | None = None
    approval_rule: str | None = None
    """The row of `approvals.csv` by which the action needs a second person."""
    protection: str | None = None
    """Why the case is protected (`Protection`): it decides who may see it. NULL for most cases."""
    protection_ground: str | None = None
    """The ground of the protection: a code of `protection_grounds.csv`."""
    concerned: str | None = None
    """The subject of the colleague about whom the appeal complains, who never sees the case."""
    unproved_body: str | None = None
    """The body to which a protected case was passed on, until the receipt is proved."""


class History(RoutingModel, table=True):
    """An entry of the history of a case: a type and codes. The sentence is composed when the entry is read."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_appeal", "appeal_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(_Numbered, primary_key=True, autoincrement=True))
    appeal_id: UUID
    source: UUID = Field(unique=True)
    """The id of the event or action; each is entered once."""
    at: datetime
    type: str
    actor_role: str
    actor: str | None
    data: HistoryCodes = Field(sa_column=Column(JSON, nullable=False))


class Answer(RoutingModel, table=True):
    """An answer of the Fund; `content` is a sealed `AnswerContent`."""

    __tablename__ = "answer"

    answer_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class AnswerDraft(RoutingModel, table=True):
    """A clerk's own unsent answer to a case; `content` is a sealed `DraftContent`. `version` grows with every save."""

    __tablename__ = "answer_draft"
    __table_args__ = (UniqueConstraint("appeal_id", "actor"),)

    draft_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    actor: str
    version: int
    saved_at: datetime
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str | None = None
    """The author's role, once the answer waits to be sent."""
    outcome: str | None = None
    """The outcome with which the case is closed when the answer that waits is sent; None: it stays open."""


class Letter(RoutingModel, table=True):
    """A letter to the applicant other than an answer: a question, or a request for data. `content` is a sealed `LetterContent`."""

    __tablename__ = "letter"

    letter_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class Provider(RoutingModel, table=True):
    """The public part of the provider directory, copied from its events."""

    __tablename__ = "provider"

    provider_id: UUID = Field(primary_key=True)
    name_kk: str
    name_ru: str
    region: str = Field(index=True)
    active: bool


class Note(RoutingModel, table=True):
    """A note for colleagues, or a logged telephone call with the applicant. `content` is a sealed `NoteContent`."""

    __tablename__ = "note"

    note_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    kind: NoteKind = Field(sa_column=Column(EnumColumn(NoteKind), nullable=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class ProviderQuestion(RoutingModel, table=True):
    """What a clerk asked a provider; `content` is a sealed `ProviderQuestionContent`. Provider-contact opens the inquiry."""

    __tablename__ = "provider_question"

    request_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    provider_id: UUID
    language: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class ExtensionRequest(RoutingModel, table=True):
    """A request to extend the statutory term, and its decision. `content` is a sealed `ExtensionContent`, as is `refusal`."""

    __tablename__ = "extension_request"

    request_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    until: date
    """The local day until which the term is to be extended."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str
    decision: ExtensionDecision | None = Field(sa_column=Column(EnumColumn(ExtensionDecision)))
    decided_at: datetime | None
    decided_role: str | None
    decided_by: str | None
    refusal: bytes | None
    """Why the request was rejected."""


class IssueFinding(RoutingModel, table=True):
    """The texts of the finding on an issue; its codes are in `appeal_case.issue_codes`. `content` is a sealed `FindingContent`."""

    __tablename__ = "issue_finding"

    issue_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str


class NoteMention(RoutingModel, table=True):
    """A colleague whom a note mentions. `seen`: the colleague has opened the case since."""

    __tablename__ = "note_mention"
    __table_args__ = (Index("ix_note_mention_unseen", "subject", "appeal_id", sqlite_where=_UNSEEN, postgresql_where=_UNSEEN),)

    note_id: UUID = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    appeal_id: UUID
    seen: bool


class Correction(RoutingModel, table=True):
    """A correction of the classification by a person: the codes before and after."""

    __tablename__ = "correction"

    id: UUID = Field(primary_key=True)
    appeal_id: UUID
    at: datetime
    actor_role: str
    actor: str
    before: SubjectCodes = Field(sa_column=Column(JSON, nullable=False))
    after: SubjectCodes = Field(sa_column=Column(JSON, nullable=False))


class ContentRead(RoutingModel, table=True):
    """The audit log of reads by other services: who read which answers or letters, on whose behalf, for what purpose."""

    __tablename__ = "content_read"

    id: UUID = Field(primary_key=True)
    at: datetime
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
