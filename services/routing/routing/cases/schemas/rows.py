"""Rows of the tables as they are written in bulk, and the state of a case that event handlers work on."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12

from routing.cases.codes import Urgency
from routing.classification.schemas import StoredClassification
from shared.domain.lifecycle import CaseStatus, Holder
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
    assignee: None
    region: str
    language: str
    channel: str
    received_at: datetime
    has_news: bool
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
    next_due_at: datetime


class CaseChange(TypedDict, total=False):
    """Columns of `appeal_case` to be changed; `appeal_id` is the key. All changes of one statement have the same columns."""

    appeal_id: UUID
    status: CaseStatus
    holder: Holder
    provider_id: UUID | None
    version: int
    tier: int
    queue: str
    assignee: str | None
    outcome: str | None
    closed_at: datetime | None
    has_news: bool
    fix_passed: bool
    score: int | None
    next_due_at: datetime


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
    has_news: bool
    fix_passed: bool
    score: int | None
    next_due_at: datetime

    @property
    def projected(self) -> AppealState:
        """The state that all services project from events."""
        return {
            "status": self.status,
            "kind": self.kind,
            "tier": self.tier,
            "provider_id": self.provider_id,
            "outcome": self.outcome,
        }


class HistoryCodes(TypedDict, total=False):
    """The codes that fill the sentence of a history entry. `due` is an ISO 8601 time."""

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


class HistoryRow(TypedDict):
    """A new row of `history`."""

    appeal_id: UUID
    source: UUID
    at: datetime
    type: str
    actor_role: str
    actor: str | None
    data: HistoryCodes


class SubjectCodes(TypedDict):
    """What a case is about, before or after a correction."""

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int


class CorrectionRow(TypedDict):
    """A new row of `correction`."""

    id: UUID
    appeal_id: UUID
    at: datetime
    actor_role: str
    actor: str
    before: SubjectCodes
    after: SubjectCodes


class ColleagueRow(TypedDict):
    """A row of `colleague`."""

    subject: str
    name: str | None
    role: str
    region: str | None
    seen_on: date
