"""The bodies of the actions. Each class names its action; the codes are checked against the policy files."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from routing.cases.codes import DeskStatus
from routing.cases.policy import (
    applicant_outcomes,
    bodies,
    closing_outcomes,
    escalation_reasons,
    missing_data,
    return_grounds,
    termination_grounds,
)
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.field_errors import DETAILS
from shared.http import ShortText, StrictModel, Text, Text20k


class CaseAction(StrEnum):
    """An action of staff on a case. The codes are those of the URLs and of `workflow.csv`."""

    CLAIM = "claim"
    CLASSIFY = "classify"
    ESCALATE = "escalate"
    ANSWER = "answer"
    ANSWER_AND_CLOSE = "answer-and-close"
    UNDO = "undo"
    CLOSE = "close"
    ASSIGN = "assign"
    ASK = "ask"
    REQUEST_COMPLETION = "request-completion"
    RETURN = "return"
    TERMINATE = "terminate"
    FORWARD = "forward"
    REDIRECT = "redirect"
    LOG_CALL = "log-call"
    ASK_PROVIDER = "ask-provider"
    REQUEST_EXTENSION = "request-extension"
    APPROVE_EXTENSION = "approve-extension"
    REJECT_EXTENSION = "reject-extension"


@dataclass(frozen=True, slots=True)
class Options:
    """Metadata of a code field: the codes to choose from, in the order of their file."""

    codes: tuple[str, ...]

    def check(self, code: str) -> str:
        if code not in self.codes:
            raise PydanticCustomError("unknown_code", DETAILS["unknown-code"])
        return code


def _code_of(known: Iterable[str]) -> tuple[AfterValidator, Options]:
    options = Options(tuple(known))
    return AfterValidator(options.check), options


APPLICANTS_OUTCOME: Final = "This outcome follows only from the applicant's own confirmation or withdrawal."


def _is_for_clerks(code: str) -> str:
    if code in applicant_outcomes():
        raise PydanticCustomError("applicants_outcome", APPLICANTS_OUTCOME)
    return code


KindCode = Annotated[str, *_code_of(taxonomy().kinds)]
CategoryCode = Annotated[str, *_code_of(taxonomy().categories)]
TopicCode = Annotated[str, *_code_of(taxonomy().topics)]
FormCode = Annotated[str, *_code_of(taxonomy().forms)]
ChannelCode = Annotated[str, *_code_of(taxonomy().channels)]
RegionCode = Annotated[str, *_code_of(regions())]
StatusCode = Annotated[str, *_code_of([*taxonomy().statuses, *DeskStatus])]
OutcomeCode = Annotated[str, AfterValidator(_is_for_clerks), *_code_of(closing_outcomes())]
FindingOutcomeCode = Annotated[str, *_code_of([*closing_outcomes(), *sorted(applicant_outcomes())])]
"""An outcome in a stored answer, which stays readable; a new answer is checked when it is given."""
ReasonCode = Annotated[str, *_code_of(escalation_reasons())]

QuestionCode = Annotated[str, *_code_of(taxonomy().provider_questions)]
MissingCode = Annotated[str, *_code_of(missing_data())]
ReturnGroundCode = Annotated[str, *_code_of(return_grounds())]
TerminationGroundCode = Annotated[str, *_code_of(termination_grounds())]
ForwardBodyCode = Annotated[str, *_code_of(code for code, body in bodies().items() if body.forwards)]
RedirectBodyCode = Annotated[str, *_code_of(code for code, body in bodies().items() if body.redirects)]

Remark = Annotated[str, Text(4_000)]
MAX_FINDINGS = 50
LONGEST_HOLD = 60  # seconds


class Command(StrictModel):
    """A command on the case in the version that the sender read."""

    ACTION: ClassVar[CaseAction]
    SUMMARY: ClassVar[str]
    """What the API document says of the action."""

    expected_version: Annotated[int, Field(ge=1, lt=2**31)]


class Claim(Command):
    """Assign the case to oneself."""

    ACTION = CaseAction.CLAIM
    SUMMARY = "Claim the case"


class Assign(Command):
    """Assign the case to a colleague who sees it."""

    ACTION = CaseAction.ASSIGN
    SUMMARY = "Assign the case to a colleague"

    assignee: ShortText
    """The subject of the colleague's tokens."""


class Classify(Command):
    """Correct the kind, the category or topic, and the statutory form."""

    ACTION = CaseAction.CLASSIFY
    SUMMARY = "Correct the classification"

    kind: KindCode
    category: CategoryCode | None = None
    topic: TopicCode | None = None
    statutory_form: FormCode | None = None
    """By default the usual form of the kind."""


class Escalate(Command):
    """Pass the case to the next tier."""

    ACTION = CaseAction.ESCALATE
    SUMMARY = "Pass the case to the next tier"

    reason: ReasonCode


class Finding(StrictModel):
    """The finding on one issue: the fact, and the rule that applies to it."""

    category: CategoryCode
    outcome: FindingOutcomeCode
    fact: Remark
    rule: Remark


class AnswerContent(StrictModel):
    """The content of an answer; it is stored sealed."""

    text: Text20k
    findings: Annotated[list[Finding], Field(default_factory=list, max_length=MAX_FINDINGS)]
    next_steps: Remark | None = None
    how_to_complain: Remark | None = None


class GiveAnswer(Command, AnswerContent):
    """Answer the applicant; the content has to pass the closure gate of the kind."""

    ACTION = CaseAction.ANSWER
    SUMMARY = "Answer the applicant; the closure gate checks the answer"

    language: Language
    hold_seconds: Annotated[int, Field(ge=0, le=LONGEST_HOLD)] = 0
    """How long the answer waits before it is sent; until then its author can take it back."""


class AnswerAndClose(GiveAnswer):
    """Answer the applicant and close the case with an outcome."""

    ACTION = CaseAction.ANSWER_AND_CLOSE
    SUMMARY = "Answer the applicant and close the case"

    outcome: OutcomeCode


class Undo(Command):
    """Take back one's own answer that waits to be sent."""

    ACTION = CaseAction.UNDO
    SUMMARY = "Take back your own answer before it is sent"


class Close(Command):
    """Close an answered case with an outcome."""

    ACTION = CaseAction.CLOSE
    SUMMARY = "Close an answered case"

    outcome: OutcomeCode


class Ask(Command):
    """A question to the applicant, with a term for the reply."""

    ACTION = CaseAction.ASK
    SUMMARY = "Ask the applicant a question"

    text: Remark
    language: Language


class RequestCompletion(Command):
    """A request for data that the law requires in an appeal, with a term (АППК art. 64(6))."""

    ACTION = CaseAction.REQUEST_COMPLETION
    SUMMARY = "Ask the applicant for missing data, with a term"

    missing: Annotated[list[MissingCode], Field(min_length=1, max_length=MAX_FINDINGS)]
    text: Remark | None = None
    language: Language


class Return(Command):
    """Return the appeal to the applicant (АППК art. 64(7))."""

    ACTION = CaseAction.RETURN
    SUMMARY = "Return the appeal to the applicant"

    ground: ReturnGroundCode


class Terminate(Command):
    """Terminate the consideration (АППК art. 70, 88)."""

    ACTION = CaseAction.TERMINATE
    SUMMARY = "Terminate the consideration"

    ground: TerminationGroundCode


class Forward(Command):
    """Forwarding to the competent body (АППК art. 65). With `part` only some of the demands go there, and the case stays open."""

    ACTION = CaseAction.FORWARD
    SUMMARY = "Forward the appeal, or a part of it, to the competent body"

    body: ForwardBodyCode
    part: bool = False
    text: Remark | None = None
    """An explanation to the applicant, in the language of the case."""


class Redirect(Command):
    """A note that the body was informed of the crime or the danger."""

    ACTION = CaseAction.REDIRECT
    SUMMARY = "Record that a body was informed of a crime or a danger"

    body: RedirectBodyCode


class LogCall(Command):
    """A note of a telephone call with the applicant. `follow_up_on`: the local day to call again; without it no call is left to make."""

    ACTION = CaseAction.LOG_CALL
    SUMMARY = "Log a telephone call with the applicant"

    text: Remark
    follow_up_on: date | None = None


class ProviderQuestionContent(StrictModel):
    """The content of a clerk's question to a provider; it is stored sealed."""

    questions: Annotated[list[QuestionCode], Field(default_factory=list, max_length=MAX_FINDINGS)]
    text: Remark | None = None


class AskProvider(Command, ProviderQuestionContent):
    """A question to a provider, with standing questions, a text or both. `due_on`: the local day on which the answer is expected."""

    ACTION = CaseAction.ASK_PROVIDER
    SUMMARY = "Ask a provider about the appeal"

    provider_id: UUID
    language: Language
    due_on: date | None = None


class RequestExtension(Command):
    """A reasoned request to extend the statutory term (АППК art. 76(3)). `until`: the new last day, local to the region."""

    ACTION = CaseAction.REQUEST_EXTENSION
    SUMMARY = "Ask the head to extend the statutory term"

    until: date
    reason: Remark


class ApproveExtension(Command):
    """Extend the statutory term as requested. Nobody approves their own request."""

    ACTION = CaseAction.APPROVE_EXTENSION
    SUMMARY = "Extend the statutory term as requested"


class RejectExtension(Command):
    """Refuse the request to extend the term; its author withdraws it in the same way."""

    ACTION = CaseAction.REJECT_EXTENSION
    SUMMARY = "Reject a request to extend the term, or withdraw your own"

    reason: Remark


class LetterContent(StrictModel):
    """The content of a letter to the applicant; it is stored sealed."""

    text: Remark | None = None
    missing: list[MissingCode] = Field(default_factory=list)


COMMANDS: Final[tuple[type[Command], ...]] = (
    Claim,
    Assign,
    Classify,
    Escalate,
    GiveAnswer,
    AnswerAndClose,
    Undo,
    Close,
    Ask,
    RequestCompletion,
    Return,
    Terminate,
    Forward,
    Redirect,
    LogCall,
    AskProvider,
    RequestExtension,
    ApproveExtension,
    RejectExtension,
)
