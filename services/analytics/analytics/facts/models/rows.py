"""Rows for bulk statements: their columns are those of the tables of `grains`."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from analytics.facts.schemas import ActorKind, CallOutcome, CommitmentResult, Proof
from shared.domain.lifecycle import CaseStatus, Holder


class FactState(TypedDict):
    """The columns of a fact that its later events read or change."""

    appeal_id: UUID
    region: str
    received_on: date
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    tier: int | None
    urgency: str | None
    provider_id: UUID | None
    status: CaseStatus
    outcome: str | None
    due_at: datetime | None
    routed_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    moved_at: datetime
    confirmed: bool | None
    score: int | None
    proof: Proof | None
    decision: str | None
    agreed: bool | None
    extended: bool
    reopened: bool
    held_by_fund: int
    held_by_provider: int
    held_by_applicant: int
    ended_on: date | None
    reopening_id: UUID | None
    protection: str | None


class FactChange(TypedDict, total=False):
    """What an event changes in a fact."""

    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    tier: int | None
    urgency: str | None
    provider_id: UUID | None
    status: CaseStatus
    outcome: str | None
    due_at: datetime | None
    routed_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    moved_at: datetime
    confirmed: bool | None
    score: int | None
    proof: Proof | None
    decision: str | None
    agreed: bool | None
    extended: bool
    reopened: bool
    held_by_fund: int
    held_by_provider: int
    held_by_applicant: int
    protection: str | None


class FactRow(FactState):
    """A whole fact."""

    channel: str
    imported: bool
    received_at: datetime
    registered_at: datetime | None
    follows: UUID | None
    number: str | None


class TransitionRow(TypedDict):
    event_id: UUID
    appeal_id: UUID
    type: str
    at: datetime
    actor_kind: ActorKind
    holder_before: Holder | None
    holder_after: Holder
    dwell_seconds: int | None
    backward: bool


class ReopeningRow(TypedDict):
    event_id: UUID
    appeal_id: UUID
    region: str
    opened_on: date
    ended_on: date | None


class InquiryRow(TypedDict):
    inquiry_id: UUID
    appeal_id: UUID
    region: str
    provider_id: UUID
    category: str
    sent_at: datetime
    sent_on: date
    due_at: datetime
    answered_at: datetime | None
    late: bool
    cancelled: bool
    refusal_reason: str | None
    refusal_lawful: bool | None


class CommitmentRow(TypedDict):
    commitment_id: UUID
    appeal_id: UUID
    region: str
    provider_id: UUID
    due_on: date
    result: CommitmentResult | None


class ProviderRow(TypedDict):
    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    district: str | None
    kind: str | None
    active: bool


class RatingRow(TypedDict):
    rating_id: UUID
    provider_id: UUID
    score: int
    month: date


class CallRow(TypedDict):
    call_id: UUID
    queue: str
    region: str | None
    offered_on: date
    outcome: CallOutcome
    waited_seconds: int
    talked_seconds: int


class SelfServedRow(TypedDict):
    question_id: UUID
    served_on: date
    region: str | None
    channel: str
    language: str
    topic: str
    article_id: UUID
