"""Cases as clients see them, and the filter of their list."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, WithJsonSchema

from routing.cases.codes import CaseScope, CaseSort, HolderText, LinkTypeText, StatusText, Urgency, UrgencyText
from routing.cases.schemas.approvals import ApprovalView
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.deliveries import DeliveryView
from routing.cases.schemas.extensions import ExtensionView
from routing.cases.schemas.rows import ProviderView
from routing.cases.schemas.staffing import AbsenceCodes, ShiftCodes
from routing.classification.schemas import StoredClassification
from routing.clocks.schemas import ClockView
from shared.domain.labels import Label


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """What a search was resolved to: appeals, or providers."""

    appeal_ids: tuple[UUID, ...] = ()
    provider_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list of cases is narrowed to, and its order. `subject` and `region` are the reader's own, for the scopes MINE and REGION.

    `received_from` is the first moment and `received_before` the first moment after the span. `number`: the beginning or the end of a
    number, as pasted. `is_open`: open cases only, or closed ones. `found`: what a search was resolved to; an empty one finds nothing.
    """

    scope: CaseScope = CaseScope.ALL
    subject: str = ""
    region: str | None = None
    status: str | None = None
    tier: int | None = None
    kind: str | None = None
    number: str | None = None
    overdue: bool | None = None
    category: str | None = None
    topic: str | None = None
    provider_id: UUID | None = None
    channel: str | None = None
    language: str | None = None
    urgency: Urgency | None = None
    queue: str | None = None
    assignee: str | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    has_news: bool | None = None
    unsorted: bool | None = None
    awaits_approval: bool | None = None
    protected: bool | None = None
    awaits_proof: bool | None = None
    is_open: bool | None = None
    found: FoundKeys | None = None
    sort: CaseSort = CaseSort.DUE


class ActionField(BaseModel):
    """A field of an action; `value` is the proposed one."""

    name: str
    required: bool
    options: list[str] | None = None
    value: str | list[str] | None = None


class NextAction(BaseModel):
    """An action that the reader may carry out on the case now. `suggested`: a policy proposes it; a person decides."""

    action: CaseAction
    kk: str
    ru: str
    en: str
    fields: list[ActionField]
    suggested: bool = False
    due_at: datetime | None = None
    """The end of the term that the law sets for the action."""
    needs_approval: bool = False
    """The action waits for a second person. An answer may need one for its findings alone, which is not known yet."""


class LetterView(LetterContent):
    """A letter to the applicant, opened for an entitled reader."""

    letter_id: UUID
    at: datetime
    language: str


class AnswerView(AnswerContent):
    """An answer, opened for an entitled reader."""

    at: datetime
    language: str


class HistoryView(BaseModel):
    """An entry of the history, with its sentence in three languages."""

    at: datetime
    type: str
    actor_role: str
    kk: str
    ru: str
    en: str


@dataclass(frozen=True, slots=True)
class MeanwhileEntry:
    """What happened to a case while a person was working on it. `actor_name` is None for a rule, another service or an unknown name."""

    at: datetime
    text: Label
    actor_role: str
    actor: str | None
    actor_name: str | None


class CaseSummary(BaseModel):
    """A case as lists show it, with the actions that the reader may carry out."""

    appeal_id: UUID
    number: str
    version: int
    status: StatusText
    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: UrgencyText
    holder: HolderText
    queue: str
    assignee: str | None
    region: str
    provider_id: UUID | None
    provider: ProviderView | None
    """None for a provider that the replica of the directory does not have yet."""
    language: str
    channel: str
    received_at: datetime
    registered_at: datetime
    imported: bool
    outcome: str | None
    closed_at: datetime | None
    follows: UUID | None
    answer_by: str | None
    anonymous: bool
    danger: str | None
    redirected_to: str | None
    has_news: bool
    unsorted: bool
    """The text decided nothing, and nobody has sorted the appeal yet: kind and tier are provisional."""
    score: int | None
    notes_count: int
    follow_up_on: date | None
    """The local day on which the applicant is to be called again."""
    extended_until: date | None
    """The local day on which the extended statutory term ends; null: it was not extended."""
    awaits_approval: bool
    """A request to extend the statutory term, or another action, waits for a second person."""
    awaits_extension: bool
    """A request to extend the statutory term is among what waits."""
    approval_action: str | None
    """The action that waits for a second person, `request-extension` for an extension of the term; null: none."""
    approval_by: str | None
    """The subject of whoever asked for it."""
    approval_due_at: datetime | None
    """Until when it has to be decided: the term of the law for the action, else the next due time of the case."""
    protection: str | None
    """SENSITIVE or FUND: the case is protected, and seen by the roles of the policy alone; null for most cases."""
    protection_ground: str | None
    """The ground of the protection: a code."""
    concerned: str | None
    """The subject of the colleague about whom the appeal complains, who never sees the case."""
    unproved_body: str | None
    """The body to which the protected case was passed on; null once its receipt is proved."""
    mentions_you: bool
    """A note mentions the reader, who has not opened the case since."""
    next_due_at: datetime | None
    sends_at: datetime | None
    """When the answer that waits is sent, in status SENDING alone. Its author can take it back until then."""
    overdue: bool
    next_actions: list[NextAction]


class CaseItem(CaseSummary):
    """A case in a list, with the names that a row shows."""

    assignee_name: str | None
    updated_at: datetime


class FindingView(BaseModel):
    """The finding on an issue."""

    outcome: str
    fact: str
    rule: str


class RefusalView(BaseModel):
    """A refusal of care: the provider's reason, the rule by which it is judged, and whether it is lawful."""

    reason: str
    rule: str
    lawful: bool


class LinkView(BaseModel):
    """Another case that belongs to this one and that the reader may see."""

    appeal_id: UUID
    number: str
    type: LinkTypeText
    is_main: bool
    """This case is a duplicate of that one, and can be unlinked from it."""


class IssueView(BaseModel):
    """An issue of the case. `finding`: None until one is set or the applicant is answered."""

    issue_id: UUID
    category: str
    finding: FindingView | None
    refusal: RefusalView | None


class CaseView(CaseSummary):
    """A case with its issues, clocks, classification, history, answer and letters."""

    clocks: list[ClockView]
    classification: Annotated[StoredClassification, WithJsonSchema({"type": "object", "additionalProperties": True})]
    history: list[HistoryView]
    answer: AnswerView | None
    follows_number: str | None
    """The number of the earlier appeal that this one continues."""
    letters: list[LetterView]
    extension: ExtensionView | None
    """The latest request to extend the statutory term."""
    approval: ApprovalView | None
    """The latest action that waited for a second person."""
    issues: list[IssueView]
    """What the appeal complains of, the main issue first; none for a case about a topic."""
    links: list[LinkView]
    deliveries: list[DeliveryView]
    """The proofs that the bodies to which the case was passed on received it, oldest first."""


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """An answer of the reader that waits to be sent, and the case in its current version."""

    appeal_id: UUID
    number: str
    version: int
    region: str
    sends_at: datetime


@dataclass(frozen=True, slots=True)
class ColleagueView:
    """A member of staff, with what is assigned by rule. The fields are columns of `colleague`; for absences see `absence_of`."""

    subject: str
    name: str | None
    role: str
    region: str | None
    absent_until: date | None
    absences: list[AbsenceCodes] | None
    capacity: int | None
    languages: list[str] | None
    tiers: list[int] | None
    shifts: list[ShiftCodes | None] | None
    left_at: datetime | None
