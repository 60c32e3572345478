"""What goes in and out over HTTP; never tables."""

from collections.abc import Container
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from routing.reference import bodies, closing_outcomes, escalation_reasons, missing_data, return_grounds, termination_grounds
from routing.workflow import NextAction
from shared.domain.labels import Language
from shared.domain.taxonomy import taxonomy
from shared.field_errors import DETAILS
from shared.http import ShortText, StrictModel, Text, Text20k
from shared.visibility import CaseAction


def _code_of(known: Container[str]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise PydanticCustomError("unknown_code", DETAILS["unknown-code"])
        return code

    return AfterValidator(check)


KindCode = Annotated[str, _code_of(taxonomy().kinds)]
CategoryCode = Annotated[str, _code_of(taxonomy().categories)]
TopicCode = Annotated[str, _code_of(taxonomy().topics)]
FormCode = Annotated[str, _code_of(taxonomy().forms)]
StatusCode = Annotated[str, _code_of(taxonomy().statuses)]
OutcomeCode = Annotated[str, _code_of(closing_outcomes())]
ReasonCode = Annotated[str, _code_of(escalation_reasons())]

MissingCode = Annotated[str, _code_of(missing_data())]
ReturnGround = Annotated[str, _code_of(return_grounds())]
TerminationGround = Annotated[str, _code_of(termination_grounds())]
ForwardBody = Annotated[str, _code_of({code for code, body in bodies().items() if body.forwards})]
RedirectBody = Annotated[str, _code_of({code for code, body in bodies().items() if body.redirects})]

Remark = Annotated[str, Text(4_000)]
MAX_FINDINGS = 50


class Command(StrictModel):
    """What somebody wants done with the case as they read it."""

    ACTION: ClassVar[CaseAction]

    expected_version: Annotated[int, Field(ge=1, lt=2**31)]


class Claim(Command):
    ACTION = "claim"


class Assign(Command):
    ACTION = "assign"

    assignee: ShortText
    """The subject of that person's tokens."""


class Classify(Command):
    ACTION = "classify"

    kind: KindCode
    category: CategoryCode | None = None
    topic: TopicCode | None = None
    statutory_form: FormCode | None = None
    """By default the form that goes with the kind."""


class Escalate(Command):
    ACTION = "escalate"

    reason: ReasonCode


class Finding(StrictModel):
    """What was found on one issue: the fact, and the rule it is judged by."""

    category: CategoryCode
    outcome: OutcomeCode
    fact: Remark
    rule: Remark


class AnswerContent(StrictModel):
    """The words of an answer, sealed where they are stored."""

    text: Text20k
    findings: Annotated[list[Finding], Field(default_factory=list, max_length=MAX_FINDINGS)]
    next_steps: Remark | None = None
    how_to_complain: Remark | None = None


class GiveAnswer(Command, AnswerContent):
    ACTION = "answer"

    language: Language


class Close(Command):
    ACTION = "close"

    outcome: OutcomeCode


class Ask(Command):
    """A question to the applicant, who is told when a reply is due."""

    ACTION = "ask"

    text: Remark
    language: Language


class RequestCompletion(Command):
    """What the law wants in an appeal is missing, and a time is set to bring it (АППК art. 64(6))."""

    ACTION = "request-completion"

    missing: Annotated[list[MissingCode], Field(min_length=1, max_length=MAX_FINDINGS)]
    text: Remark | None = None
    language: Language


class Return(Command):
    ACTION = "return"

    ground: ReturnGround


class Terminate(Command):
    ACTION = "terminate"

    ground: TerminationGround


class Forward(Command):
    """To the body whose matter it is (АППК art. 65); of several demands perhaps a `part`, and the rest goes on."""

    ACTION = "forward"

    body: ForwardBody
    part: bool = False
    text: Remark | None = None
    """What the applicant is told besides, in the language of the case."""


class Redirect(Command):
    """The body knows of the crime or the danger."""

    ACTION = "redirect"

    body: RedirectBody


class LetterContent(StrictModel):
    """The desk's words to the applicant, sealed where they are stored."""

    text: Remark | None = None
    missing: list[MissingCode] = Field(default_factory=list)


class LetterView(LetterContent):
    letter_id: UUID
    at: datetime
    language: str


class AnswerView(AnswerContent):
    at: datetime
    language: str


class ClockView(BaseModel):
    clock_id: UUID
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    state: str


class HistoryView(BaseModel):
    at: datetime
    type: str
    actor_role: str
    kk: str
    ru: str
    en: str


class CaseSummary(BaseModel):
    """A case as lists show it, with what the one who asks may do with it."""

    appeal_id: UUID
    number: str
    version: int
    status: str
    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int
    urgency: str
    holder: str
    queue: str
    assignee: str | None
    region: str
    provider_id: UUID | None
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
    score: int | None
    next_due_at: datetime | None
    overdue: bool
    next_actions: list[NextAction]


class CaseView(CaseSummary):
    """A case with all that belongs to it."""

    clocks: list[ClockView]
    classification: dict[str, Any]
    history: list[HistoryView]
    answer: AnswerView | None
    follows_number: str | None
    """The number of the earlier appeal that goes on in this one."""
    letters: list[LetterView]


class DayView(BaseModel):
    date: date
    counts: int | None
    kk: str
    ru: str
    en: str


class DeadlineView(BaseModel):
    policy: str
    starts_at: str
    from_: Annotated[date, Field(serialization_alias="from")]
    due_on: date
    calendar_version: str
    explanation: list[DayView]


class ClassifyText(StrictModel):
    text: Annotated[str, Text(20_000, as_sent=True)]


class EvidenceView(BaseModel):
    start: int
    end: int
    term: str
    code: str


class ClassificationView(BaseModel):
    kind: str
    category: str | None
    topic: str | None
    tier: int
    urgent: bool
    language: str
    confidence: float
    decision: Literal["auto", "suggest", "triage"]
    evidence: list[EvidenceView]
    versions: dict[str, str]


class ArticleView(BaseModel):
    """An answer of the first tier. `language` may be another than was asked for, where the article is not written in that one."""

    id: str
    topic: str | None
    category: str | None
    language: str
    question: str
    answer: str
    how_to_complain: str
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
