"""Rows of the tables as they are written in bulk, and the state of a case that event handlers work on."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12

from routing.cases.codes import STANDING, DeskStatus, ProposalState, Urgency
from routing.cases.schemas.approvals import ApprovalRecord
from routing.cases.schemas.deliveries import DeliveryRecord
from routing.cases.schemas.extensions import ExtensionRecord
from routing.cases.schemas.issues import MAIN_ISSUE, FindingRecord, IssueCodes, new_issue
from routing.cases.schemas.links import LinkedCase
from routing.classification.schemas import StoredClassification
from routing.clocks.schemas import ClockRecord
from shared.domain.lifecycle import CaseStatus, Holder
from shared.ids import derived
from shared.projection import AppealState


class CommonCaseRow(TypedDict):
    """The columns that registered and imported cases fill alike."""

    appeal_id: UUID
    number: str
    number_digits: int
    serial: int
    version: int
    status: CaseStatus
    kind: str
    tier: int
    holder: Holder
    queue: str
    protection: str | None
    protection_ground: str | None
    assignee: None
    region: str
    language: str
    channel: str
    received_at: datetime
    has_news: bool
    unsorted: bool
    fix_passed: bool


class CaseRow(CommonCaseRow):
    """A new row of `appeal_case`."""

    statutory_form: str
    category: str | None
    topic: str | None
    urgency: Urgency
    provider_id: UUID | None
    classification: StoredClassification
    registered_at: datetime
    imported: bool
    outcome: str | None
    closed_at: datetime | None
    follows: UUID | None
    answer_by: str | None
    anonymous: bool
    danger: str | None
    updated_at: datetime
    next_due_at: datetime
    extended_until: date | None


class CaseChange(TypedDict, total=False):
    """Columns of `appeal_case` to be changed; `appeal_id` is the key. All changes of one statement have the same columns."""

    appeal_id: UUID
    status: CaseStatus
    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    holder: Holder
    provider_id: UUID | None
    version: int
    tier: int
    queue: str
    assignee: str | None
    outcome: str | None
    closed_at: datetime | None
    danger: str | None
    redirected_to: str | None
    answer_id: UUID | None
    answer_outcome: str | None
    confirmed_outcome: str | None
    proposals: dict[str, ProposalState] | None
    reopened_at: datetime | None
    has_news: bool
    unsorted: bool
    fix_passed: bool
    score: int | None
    follow_up_on: date | None
    issue_codes: list[IssueCodes] | None
    duplicate_of: UUID | None
    next_due_at: datetime
    sends_at: datetime | None
    sending_by: str | None
    extended_until: date | None
    extension_id: UUID | None
    extension_by: str | None
    approval_id: UUID | None
    approval_by: str | None
    approval_action: str | None
    approval_rule: str | None
    protection: str | None
    protection_ground: str | None
    concerned: str | None
    unproved_body: str | None


@dataclass(slots=True)
class CaseState:
    """What a batch of events needs to know of a locked case. The fields are columns of `appeal_case`."""

    appeal_id: UUID
    status: CaseStatus
    tier: int
    provider_id: UUID | None
    version: int
    kind: str
    region: str
    language: str
    queue: str
    holder: Holder
    assignee: str | None
    outcome: str | None
    closed_at: datetime | None
    answer_id: UUID | None
    answer_outcome: str | None
    confirmed_outcome: str | None
    proposals: dict[str, ProposalState] | None
    """By the id of a provider's proposal, what became of it; None without proposals."""
    reopened_at: datetime | None
    has_news: bool
    unsorted: bool
    fix_passed: bool
    score: int | None
    next_due_at: datetime
    sends_at: datetime | None
    sending_by: str | None
    approval_id: UUID | None
    protection: str | None

    @property
    def is_solution_confirmed(self) -> bool:
        """Whether the applicant's confirmation of a provider's proposal stands."""
        return any(state in STANDING for state in (self.proposals or {}).values())

    @property
    def desk_status(self) -> CaseStatus | DeskStatus:
        """The status as the desk names it: SENDING while an answer waits to be sent."""
        return self.status if self.sends_at is None else DeskStatus.SENDING

    @property
    def projected(self) -> AppealState:
        """The state that all services project from events."""
        return {
            "status": self.status,
            "kind": self.kind,
            "tier": self.tier,
            "provider_id": self.provider_id,
            "outcome": self.outcome,
            "protection": self.protection,
        }


@dataclass(slots=True)
class CaseRecord(CaseState):
    """A case as it is stored. The fields are columns of `appeal_case`."""

    number: str
    statutory_form: str
    category: str | None
    topic: str | None
    urgency: Urgency
    channel: str
    classification: StoredClassification
    received_at: datetime
    registered_at: datetime
    imported: bool
    follows: UUID | None
    answer_by: str | None
    anonymous: bool
    danger: str | None
    redirected_to: str | None
    notes_count: int
    follow_up_on: date | None
    extended_until: date | None
    extension_id: UUID | None
    extension_by: str | None
    approval_by: str | None
    approval_action: str | None
    approval_rule: str | None
    duplicate_of: UUID | None
    protection_ground: str | None
    concerned: str | None
    unproved_body: str | None
    issue_codes: list[IssueCodes] | None
    """None: one issue without a finding of its own. The first one has the category of the case."""

    @property
    def awaits_extension(self) -> bool:
        """Whether a request to extend the term waits for a decision. An answer or the end of the case leaves nothing to decide."""
        return self.extension_id is not None and self.answer_id is None and self.closed_at is None

    @property
    def awaits_second_person(self) -> bool:
        """Whether an action waits for a second person. The end of the case leaves nothing to decide."""
        return self.approval_id is not None and self.closed_at is None

    @property
    def awaits_approval(self) -> bool:
        """Whether somebody has to decide on a request of another."""
        return self.awaits_extension or self.awaits_second_person

    @property
    def issues(self) -> list[IssueCodes]:
        """What the appeal complains of, the main issue first; none for a case about a topic."""
        if self.category is None:
            return []
        return self.issue_codes if self.issue_codes is not None else [new_issue(derived(self.appeal_id, MAIN_ISSUE), self.category)]

    @property
    def categories(self) -> list[str]:
        """The categories of the issues."""
        if self.issue_codes is None or self.category is None:
            return [] if self.category is None else [self.category]
        return [issue["category"] for issue in self.issue_codes]

    def change(self) -> CaseChange:
        """Return the columns that the actions of clerks change."""
        return {
            "appeal_id": self.appeal_id,
            "version": self.version,
            "status": self.status,
            "kind": self.kind,
            "statutory_form": self.statutory_form,
            "category": self.category,
            "topic": self.topic,
            "tier": self.tier,
            "holder": self.holder,
            "queue": self.queue,
            "assignee": self.assignee,
            "outcome": self.outcome,
            "closed_at": self.closed_at,
            "danger": self.danger,
            "redirected_to": self.redirected_to,
            "answer_id": self.answer_id,
            "answer_outcome": self.answer_outcome,
            "confirmed_outcome": self.confirmed_outcome,
            "has_news": self.has_news,
            "unsorted": self.unsorted,
            "follow_up_on": self.follow_up_on,
            "issue_codes": self.issue_codes,
            "duplicate_of": self.duplicate_of,
            "next_due_at": self.next_due_at,
            "sends_at": self.sends_at,
            "sending_by": self.sending_by,
            "extended_until": self.extended_until,
            "extension_id": self.extension_id,
            "extension_by": self.extension_by,
            "approval_id": self.approval_id,
            "approval_by": self.approval_by,
            "approval_action": self.approval_action,
            "approval_rule": self.approval_rule,
            "protection": self.protection,
            "protection_ground": self.protection_ground,
            "concerned": self.concerned,
            "unproved_body": self.unproved_body,
        }


@dataclass(slots=True)
class ListedCase(CaseRecord):
    """A case as a list reads it: with the time of its latest change, by which lists may be sorted."""

    updated_at: datetime


class HistoryCodes(TypedDict, total=False):
    """The codes that fill the sentence of a history entry. `due` is an ISO 8601 time, `day` a date."""

    kind: str
    tier: int
    policy: str
    due: str
    reason: str
    outcome: str
    code: str
    response_id: str
    body: str
    danger: str
    score: int
    return_ground: str
    termination_ground: str
    day: str
    request_id: str
    category: str
    action: str
    protection_ground: str
    method: str


class HistoryRow(TypedDict):
    """A new row of `history`."""

    appeal_id: UUID
    source: UUID
    at: datetime
    type: str
    actor_role: str
    actor: str | None
    data: HistoryCodes


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """An entry of the history as it is stored."""

    at: datetime
    type: str
    actor_role: str
    data: HistoryCodes


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer as it is stored; `content` is a sealed `AnswerContent`."""

    answer_id: UUID
    appeal_id: UUID
    at: datetime
    language: str
    content: bytes
    actor_role: str
    actor: str


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """A letter as it is stored; `content` is a sealed `LetterContent`."""

    letter_id: UUID
    appeal_id: UUID
    at: datetime
    language: str
    content: bytes
    actor_role: str
    actor: str


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider by name. Names of providers are public."""

    provider_id: UUID
    name_kk: str
    name_ru: str


class ProviderRow(TypedDict):
    """A row of `provider`."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    active: bool


@dataclass(slots=True)
class CaseFile:
    """A case with everything that belongs to it."""

    case: CaseRecord
    clocks: list[ClockRecord]
    """Every clock that the case ever had."""
    history: list[HistoryRecord]
    """In the order of the entries."""
    answer: AnswerRecord | None
    """The latest answer."""
    letters: list[LetterRecord]
    """Oldest first."""
    linked: list[LinkedCase]
    """The cases that belong to this one, whoever may see them."""
    provider: ProviderView | None
    extension: ExtensionRecord | None
    """The latest request to extend the statutory term."""
    approval: ApprovalRecord | None
    """The latest action that waited for a second person."""
    deliveries: list[DeliveryRecord]
    """The proofs that other bodies received the appeal, oldest first."""
    findings: list[FindingRecord]
    """The texts of the findings on its issues."""
