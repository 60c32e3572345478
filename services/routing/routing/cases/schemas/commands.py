"""The bodies of the actions. Each class names its action; the codes are checked against the policy files."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from routing.cases.schemas.command import CaseAction, Command
from routing.cases.schemas.contents import ProviderQuestionContent, Refusal
from routing.cases.schemas.fields import (
    MAX_FINDINGS,
    MAX_SOURCES,
    ArticleSource,
    CategoryCode,
    ClosingOutcomeCode,
    DepartmentCode,
    FindingOutcomeCode,
    FormCode,
    ForwardBodyCode,
    KindCode,
    MissingCode,
    OutcomeCode,
    ReasonCode,
    RedirectBodyCode,
    Remark,
    ReturnGroundCode,
    ServiceCode,
    SuperiorBodyCode,
    TerminationGroundCode,
    TopicCode,
)
from routing.cases.schemas.protection_commands import Protect, RecordDelivery, Unprotect
from shared.domain.labels import Language
from shared.http import ShortText, StrictModel, Text20k

LONGEST_HOLD: Final = 60  # seconds


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
    sources: Annotated[list[ArticleSource], Field(default_factory=list, max_length=MAX_SOURCES)]


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

    outcome: ClosingOutcomeCode


class Undo(Command):
    """Take back one's own answer that waits to be sent."""

    ACTION = CaseAction.UNDO
    SUMMARY = "Take back your own answer before it is sent"


class Close(Command):
    """Close an answered case with an outcome."""

    ACTION = CaseAction.CLOSE
    SUMMARY = "Close an answered case"

    outcome: ClosingOutcomeCode


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


class PassUp(Command):
    """Pass a complaint about an act of the Fund with its file to the superior body (АППК art. 91(4))."""

    ACTION = CaseAction.PASS_UP
    SUMMARY = "Pass a complaint with its file to the superior body"

    body: SuperiorBodyCode
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


class AskProvider(Command, ProviderQuestionContent):
    """A question to a provider, with standing questions, a text or both. `due_on`: the local day on which the answer is expected.

    `service`, `department` and the days of the period tell the provider what the appeal is about when the person is withheld.
    """

    ACTION = CaseAction.ASK_PROVIDER
    SUMMARY = "Ask a provider about the appeal"

    provider_id: UUID
    language: Language
    due_on: date | None = None
    service: ServiceCode | None = None
    department: DepartmentCode | None = None
    period_from: date | None = None
    period_to: date | None = None
    """The last day, included; without it the period is the first day alone."""


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


class Approve(Command):
    """Carry out the action that waits for a second person. Nobody approves their own request."""

    ACTION = CaseAction.APPROVE
    SUMMARY = "Approve the action that waits for a second person"


class Reject(Command):
    """Refuse the action that waits for a second person; its author withdraws it in the same way."""

    ACTION = CaseAction.REJECT
    SUMMARY = "Reject the action that waits for a second person, or withdraw your own"

    reason: Remark


class SplitIssue(Command):
    """Another issue of the appeal, with a category of its own. The tier of the case is the highest of its issues."""

    ACTION = CaseAction.SPLIT_ISSUE
    SUMMARY = "Split off another issue of the appeal"

    category: CategoryCode


class RemoveIssue(Command):
    """Undo a split: the issue has no finding yet."""

    ACTION = CaseAction.REMOVE_ISSUE
    SUMMARY = "Remove an issue that was split off and has no finding"

    issue_id: UUID


class SetFinding(Command):
    """The finding on an issue. It replaces an earlier one, and the answer says it to the applicant."""

    ACTION = CaseAction.SET_FINDING
    SUMMARY = "Set the finding on an issue"

    issue_id: UUID
    outcome: OutcomeCode
    fact: Remark
    rule: Remark
    refusal: Refusal | None = None


class LinkDuplicate(Command):
    """A note that the case repeats another one. It goes on with its own deadlines; only a linked case is closed as DUPLICATE."""

    ACTION = CaseAction.LINK_DUPLICATE
    SUMMARY = "Link the case to another one as its duplicate"

    of_number: ShortText
    """The registration number of the other case, as pasted."""


class Unlink(Command):
    """Take back the link to the case that this one repeats."""

    ACTION = CaseAction.UNLINK
    SUMMARY = "Unlink the case from the one that it duplicates"


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
    PassUp,
    Redirect,
    LogCall,
    AskProvider,
    RequestExtension,
    ApproveExtension,
    RejectExtension,
    Approve,
    Reject,
    SplitIssue,
    RemoveIssue,
    SetFinding,
    LinkDuplicate,
    Unlink,
    Protect,
    Unprotect,
    RecordDelivery,
)
