"""Events of routing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.event import ARTICLES, AppealEvent, Event, ExtensionAttribute
from shared.contracts.intake import CONCERNS_PROVIDER

__all__ = [
    "AnswerGiven",
    "AnsweredIssue",
    "AppealRouted",
    "ApplicantAsked",
    "ArticlePublished",
    "ArticleRetired",
    "CaseClaimed",
    "CaseClosed",
    "CaseForwarded",
    "CaseIssue",
    "CaseReopened",
    "CaseReturned",
    "CaseTerminated",
    "ClassificationCorrected",
    "ClockBreached",
    "ClockStarted",
    "ClockWarned",
    "ComplaintPassedUp",
    "CompletionAsked",
    "DangerPassedOn",
    "DangerReported",
    "ImportUndoRefused",
    "ImportUndone",
    "InquiryRequested",
    "PartForwarded",
    "StartedClock",
    "TermExtended",
    "TierRaised",
]

Decision = Literal["auto", "suggest", "triage"]
UNSORTED_QUEUE: Final = "unsorted"
"""The part of the name of a queue that is otherwise the tier: the text of the appeal decided nothing."""
Urgency = Literal["NORMAL", "URGENT"]


class StartedClock(BaseModel):
    """The statutory clock that started when a case was opened."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clock_id: UUID
    policy: str
    started_at: datetime
    due_at: datetime
    calendar_version: str


class CaseIssue(BaseModel):
    """An issue of an appeal: one of several things that it complains of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issue_id: UUID
    category: str


class AnsweredIssue(CaseIssue):
    """An issue with what the answer found on it. `refusal_reason`: why the provider refused care, None if it did not."""

    outcome: str
    refusal_reason: str | None = None
    refusal_lawful: bool | None = None


class AppealRouted(AppealEvent, service="routing", fact="appeal-routed"):
    """A case was opened, with its classification, urgency and queue. Published once per appeal."""

    EXTENSIONS: ClassVar[Sequence[ExtensionAttribute]] = (
        ExtensionAttribute(
            CONCERNS_PROVIDER,
            "Equals `concerns_provider`; absent if that is null.",
            lambda payload: None if (known := payload.get("concerns_provider")) is None else known is True,
        ),
    )

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: Urgency
    queue: str
    """Branch, tier and language: `KZ-43/2/kk`. `KZ-43/unsorted/kk`: the text decided nothing, and the tier is provisional."""
    region: str
    language: str
    decision: Decision
    confidence: float
    versions: dict[str, str]
    clock: StartedClock | None = None
    """None: no statutory clock runs (the contact settled the appeal), or `clock-started` follows, as from earlier versions."""
    concerns_provider: bool | None = None
    """The applicant chose or named a provider. None: an earlier version published the event. It is also a header."""
    protection: str | None = None
    """Who may see the appeal: a code of `Protection`, OPEN for most; None: an earlier version published the event."""

    @property
    def is_unsorted(self) -> bool:
        """Whether a person has yet to sort the appeal: its tier is provisional."""
        return self.queue.split("/")[1:2] == [UNSORTED_QUEUE]


class ClockStarted(AppealEvent, service="routing", fact="clock-started"):
    """A statutory clock started after the case was opened; `appeal-routed` carries the first one.

    Earlier versions published the first one as well. The Fund's internal clocks are published only when they warn or are breached.
    """

    clock_id: UUID
    policy: str
    statutory: bool
    """True for the statutory clock, which the applicant sees. False for an internal clock of the Fund."""
    started_at: datetime
    due_at: datetime
    calendar_version: str


class ClockWarned(AppealEvent, service="routing", fact="clock-warned"):
    """A clock reached its warning time."""

    clock_id: UUID
    policy: str
    due_at: datetime


class ClockBreached(AppealEvent, service="routing", fact="clock-breached"):
    """A clock reached its due time before the case was answered."""

    clock_id: UUID
    policy: str
    due_at: datetime


class TierRaised(AppealEvent, service="routing", fact="tier-raised"):
    """The case was raised to a higher tier."""

    tier: int
    queue: str
    reason: str


class CaseClaimed(AppealEvent, service="routing", fact="case-claimed"):
    """A clerk claimed the case, or it was assigned, by a rule where the role is `service`. The clerk's identity stays in routing."""

    actor_role: str


class ClassificationCorrected(AppealEvent, service="routing", fact="classification-corrected"):
    """A person corrected the classification. The latest correction counts."""

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    queue: str
    actor_role: str
    issues: list[CaseIssue] | None = None
    """The issues of the appeal, the first one with the category above; None: it has no more than that one."""
    protection: str | None = None
    """Who may see the appeal from now on, as in `appeal-routed`; None: an earlier version published the event, and nothing changes."""


class AnswerGiven(AppealEvent, service="routing", fact="answer-given"):
    """The Fund answered the appeal. The text stays in routing and is read by `answer_id`."""

    answer_id: UUID
    language: str
    findings: list[str]
    """Outcome codes, one per issue."""
    actor_role: str
    issues: list[AnsweredIssue] | None = None
    """The issues that the findings speak of; None: an appeal without a category has none."""


class CaseClosed(AppealEvent, service="routing", fact="case-closed"):
    """The case was closed with an outcome."""

    outcome: str
    actor_role: str


class ApplicantAsked(AppealEvent, service="routing", fact="applicant-asked"):
    """The desk asked the applicant a question. The text stays in routing and is read by `question_id`."""

    question_id: UUID
    due_at: datetime
    actor_role: str


class CompletionAsked(AppealEvent, service="routing", fact="completion-asked"):
    """Required parts of the appeal are missing, and a deadline is set to add them (АППК art. 64(6))."""

    question_id: UUID
    missing: list[str]
    """Codes of the missing parts."""
    due_at: datetime
    actor_role: str


class CaseReturned(AppealEvent, service="routing", fact="case-returned"):
    """The appeal was returned to the applicant with the reason (АППК art. 64(7))."""

    ground: str
    actor_role: str


class CaseTerminated(AppealEvent, service="routing", fact="case-terminated"):
    """The head or the deputy terminated the consideration (АППК art. 70, 88)."""

    ground: str
    actor_role: str


class CaseForwarded(AppealEvent, service="routing", fact="case-forwarded"):
    """Another body is competent, and the appeal was forwarded to it (АППК art. 65)."""

    body: str
    """Code of the body."""
    actor_role: str
    letter_id: UUID | None = None
    """The letter to the applicant. Its text stays in routing."""


class PartForwarded(AppealEvent, service="routing", fact="part-forwarded"):
    """One of several demands was forwarded to the competent body (АППК art. 65). The case continues with the rest."""

    body: str
    actor_role: str
    letter_id: UUID | None = None


class ComplaintPassedUp(AppealEvent, service="routing", fact="complaint-passed-up"):
    """A complaint about an act of the Fund was passed with its file to the superior body (АППК art. 91(4))."""

    body: str
    """Code of the body."""
    actor_role: str
    letter_id: UUID | None = None
    """The letter to the applicant. Its text stays in routing."""


class DangerReported(AppealEvent, service="routing", fact="danger-reported"):
    """The appeal reports a crime or a danger, which must be passed on at once in every form (АППК art. 64(7-2)). The appeal continues."""

    ground: str
    body: str
    due_at: datetime


class DangerPassedOn(AppealEvent, service="routing", fact="danger-passed-on"):
    """A clerk passed the report of the crime or danger on to the body."""

    body: str
    actor_role: str


class TermExtended(AppealEvent, service="routing", fact="term-extended"):
    """The head or an appointed deputy extended the statutory term (АППК art. 76(3)). A new clock takes the place of the former one."""

    clock_id: UUID
    policy: str
    due_at: datetime
    actor_role: str


class ImportUndone(AppealEvent, service="routing", fact="import-undone"):
    """An appeal that was taken over from a former register is removed, because its import was undone. The last event of the appeal."""


class ImportUndoRefused(AppealEvent, service="routing", fact="import-undo-refused"):
    """An appeal that was taken over stays although its import was undone: somebody has worked on the case."""


class InquiryRequested(AppealEvent, service="routing", fact="inquiry-requested"):
    """A clerk asked a provider about the appeal. The clerk's text stays in routing and is read by `request_id`."""

    request_id: UUID
    provider_id: UUID
    questions: list[str]
    """Codes of `provider_questions.csv`."""
    language: str
    due_on: date | None
    """The local day on which the answer is expected; None: the usual term."""
    has_text: bool
    number: str
    region: str
    tier: int
    kind: str
    category: str
    """What provider-contact has to know of an appeal that it has not stored, because it named no provider."""
    actor_role: str
    service: str | None = None
    """The service that the appeal is about: a code of `concerned_services.csv`."""
    department: str | None = None
    """A code of `departments.csv`."""
    period_from: date | None = None
    period_to: date | None = None
    """The local days, both included, of which the appeal speaks."""
    protection: str | None = None
    """Who may see the appeal, as in `appeal-routed`."""


class CaseReopened(AppealEvent, service="routing", fact="case-reopened"):
    """An answered or ended case is considered again, one tier higher if there is one, without a new appeal of the applicant."""

    tier: int
    queue: str
    reason: str
    """A code of `escalation_reasons.csv`: PROMISE_BROKEN, CONFIRMATION_REFUTED or WITHDRAWAL_REFUTED."""


class ArticlePublished(Event, service="routing", fact="article-published", topic=ARTICLES):
    """A version of an answer to a common question was published. It replaces the version before; its text is public."""

    article_id: UUID
    code: str
    """A readable name that the article has for good: `pay-rates`."""
    version: int
    topic: str | None
    """A code of `topics.csv`; `topic` or `category` is given, or both are."""
    category: str | None
    questions: dict[str, str]
    """By language, `kk` and `ru`."""
    answers: dict[str, str]
    """By language. The figures of the year are filled in."""
    synonyms: dict[str, list[str]]
    """Other wordings of the question, by language. They serve the search and are not shown."""
    how_to_complain: dict[str, str]
    """The closing sentence of every answer, by language."""
    valid_from: date
    """The first day on which the article may be offered."""
    valid_to: date | None
    """The last day on which the article may be offered; None: until it is retired."""
    source: str
    published_at: datetime

    @property
    def subject(self) -> UUID:
        return self.article_id


class ArticleRetired(Event, service="routing", fact="article-retired", topic=ARTICLES):
    """The published version of an article was retired without a successor: the article is not offered any more."""

    article_id: UUID
    code: str
    version: int
    retired_at: datetime

    @property
    def subject(self) -> UUID:
        return self.article_id
