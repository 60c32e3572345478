"""What routing tells the others."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import AppealEvent

Decision = Literal["auto", "suggest", "triage"]
Urgency = Literal["NORMAL", "URGENT"]


class AppealRouted(AppealEvent, service="routing", fact="appeal-routed"):
    """A case was opened: what it is, how urgent, who has it. Once an appeal."""

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: Urgency
    queue: str
    """Branch, tier and language: `KZ-43/2/kk`."""
    region: str
    language: str
    decision: Decision
    confidence: float
    versions: dict[str, str]


class ClockStarted(AppealEvent, service="routing", fact="clock-started"):
    """A clock that others see began. Only the law's are told of: the Fund's own are heard of when they warn or are breached."""

    clock_id: UUID
    policy: str
    statutory: bool
    """The clock of the law, which the citizen sees; the others are the Fund's own."""
    started_at: datetime
    due_at: datetime
    calendar_version: str


class ClockWarned(AppealEvent, service="routing", fact="clock-warned"):
    clock_id: UUID
    policy: str
    due_at: datetime


class ClockBreached(AppealEvent, service="routing", fact="clock-breached"):
    clock_id: UUID
    policy: str
    due_at: datetime


class TierRaised(AppealEvent, service="routing", fact="tier-raised"):
    tier: int
    queue: str
    reason: str


class CaseClaimed(AppealEvent, service="routing", fact="case-claimed"):
    """Somebody took the case; who, stays in routing."""

    actor_role: str


class ClassificationCorrected(AppealEvent, service="routing", fact="classification-corrected"):
    """A person corrected what routing had decided; the latest one holds."""

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    queue: str
    actor_role: str


class AnswerGiven(AppealEvent, service="routing", fact="answer-given"):
    """The Fund answered. The words stay in routing and are claimed by `answer_id`."""

    answer_id: UUID
    language: str
    findings: list[str]
    """Outcome codes, one an issue."""
    actor_role: str


class CaseClosed(AppealEvent, service="routing", fact="case-closed"):
    outcome: str
    actor_role: str


class ApplicantAsked(AppealEvent, service="routing", fact="applicant-asked"):
    """The desk asks the applicant something. The words stay in routing and are claimed by `question_id`."""

    question_id: UUID
    due_at: datetime
    actor_role: str


class CompletionAsked(AppealEvent, service="routing", fact="completion-asked"):
    """What the law wants in an appeal is missing, and a time is set to bring it (АППК art. 64(6))."""

    question_id: UUID
    missing: list[str]
    """Codes of what is missing."""
    due_at: datetime
    actor_role: str


class CaseReturned(AppealEvent, service="routing", fact="case-returned"):
    """The appeal goes back to the applicant with the reason (АППК art. 64(7))."""

    ground: str
    actor_role: str


class CaseTerminated(AppealEvent, service="routing", fact="case-terminated"):
    """The head or the deputy ended the consideration (АППК art. 70, 88)."""

    ground: str
    actor_role: str


class CaseForwarded(AppealEvent, service="routing", fact="case-forwarded"):
    """The matter is another body's and was passed on to it (АППК art. 65)."""

    body: str
    """Code of the body."""
    actor_role: str
    letter_id: UUID | None = None
    """What was said to the applicant besides; the words stay in routing."""


class PartForwarded(AppealEvent, service="routing", fact="part-forwarded"):
    """One of several demands is another body's and was passed on to it (АППК art. 65); the rest goes on here."""

    body: str
    actor_role: str
    letter_id: UUID | None = None


class DangerReported(AppealEvent, service="routing", fact="danger-reported"):
    """A crime or a danger was reported: it is to be passed on at once, whatever the form (АППК art. 64(7-2)); the appeal goes on."""

    ground: str
    body: str
    due_at: datetime


class DangerPassedOn(AppealEvent, service="routing", fact="danger-passed-on"):
    """A clerk has seen to it that the body knows of the crime or the danger."""

    body: str
    actor_role: str
