"""The bodies of the actions on an inquiry. Each names its action; the codes are checked against the policy files."""

from datetime import date
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import Field

from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.fields import (
    MAX_ANSWERS,
    MAX_ATTACHMENTS,
    BodyCode,
    CancelReasonCode,
    ExcuseReasonCode,
    QuestionCode,
    RefusalReasonCode,
    Remark,
    ResponseCodeField,
    ReturnReasonCode,
)
from shared.domain.labels import Language
from shared.http import ShortText, StrictModel, Text20k


class Command(StrictModel):
    """A command on the inquiry in the version that the sender read."""

    ACTION: ClassVar[InquiryAction]
    SUMMARY: ClassVar[str]
    """What the API document says of the action."""

    expected_version: Annotated[int, Field(ge=1, lt=2**31)]


class Acknowledge(Command):
    """Confirm that the provider has received the inquiry."""

    ACTION = InquiryAction.ACKNOWLEDGE
    SUMMARY = "Acknowledge that the provider has received the inquiry"


class QuestionAnswer(StrictModel):
    """The answer to one standing question.

    `value`: by the type of the question a day (`2026-02-06`), YES or NO, an amount in tenge (`12500`), or a code of its options; null
    for a question that is answered by text.
    """

    question: QuestionCode
    value: ShortText | None = None
    text: Remark | None = None


class ProviderRefusal(StrictModel):
    """Why the provider refused care, and the legal ground that it names."""

    reason: RefusalReasonCode
    rule: Remark


class AnswerContent(StrictModel):
    """The content of a provider's answer, however it comes."""

    language: Language
    code: ResponseCodeField
    text: Text20k
    answers: Annotated[list[QuestionAnswer], Field(default_factory=list, max_length=MAX_ANSWERS)]
    refusal: ProviderRefusal | None = None
    attachments: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_ATTACHMENTS)]
    """Ids of files that were uploaded for this inquiry and sent with no answer yet."""


class Respond(Command, AnswerContent):
    """Answer the inquiry. The code RESOLVED also opens a proposal, and NEEDS_TIME asks for time instead of answering."""

    ACTION = InquiryAction.RESPOND
    SUMMARY = "Answer the inquiry"


class Propose(Command):
    """Say that the matter is solved here and now. It counts only when the applicant confirms."""

    ACTION = InquiryAction.PROPOSE
    SUMMARY = "Propose the matter as solved, for the applicant to confirm"

    language: Language
    text: Remark


class MakePromise(Command):  # `Promise` alone is a built-in type of clients in TypeScript
    """Promise something by a day, on which the applicant is asked."""

    ACTION = InquiryAction.PROMISE
    SUMMARY = "Promise something by a day"

    language: Language
    text: Remark
    due_on: date


class AskTime(Command):
    """Ask for more time. `until`: the last day asked for, local to the region of the appeal."""

    ACTION = InquiryAction.ASK_TIME
    SUMMARY = "Ask for more time to answer"

    until: date
    reason: Remark


class AskConsent(Command):
    """Ask the Fund to obtain the applicant's consent to be named, because the inquiry cannot be answered without the person."""

    ACTION = InquiryAction.ASK_CONSENT
    SUMMARY = "Ask the Fund to obtain the applicant's consent to be named"

    reason: Remark


class Accept(Command):
    """Accept the answer. `refusal_lawful`: the finding on a refusal of care, required if the answer names one; else null."""

    ACTION = InquiryAction.ACCEPT
    SUMMARY = "Accept the provider's answer"

    refusal_lawful: bool | None = None


class Return(Command):
    """Return the answer with a reason; the provider answers again."""

    ACTION = InquiryAction.RETURN
    SUMMARY = "Return the provider's answer"

    reason: ReturnReasonCode
    text: Remark


class Remind(Command):
    """Remind the provider, once a day at most."""

    ACTION = InquiryAction.REMIND
    SUMMARY = "Remind the provider"


class RecordCall(Command):
    """A telephone call with the provider: with whom, and what was said."""

    ACTION = InquiryAction.RECORD_CALL
    SUMMARY = "Record a telephone call with the provider"

    spoken_to: ShortText
    position: ShortText
    text: Remark


class GrantTime(Command):
    """Grant the time that the provider asked for."""

    ACTION = InquiryAction.GRANT_TIME
    SUMMARY = "Grant the time that the provider asked for"


class RefuseTime(Command):
    """Refuse the time that the provider asked for: the due date stays."""

    ACTION = InquiryAction.REFUSE_TIME
    SUMMARY = "Refuse the time that the provider asked for"


class RequestConsent(Command):
    """Have the applicant asked for the consent to be named to the provider. Only a yes opens the applicant."""

    ACTION = InquiryAction.REQUEST_CONSENT
    SUMMARY = "Ask the applicant for the consent that the provider asked for"


class DeclineConsent(Command):
    """Do not ask the applicant: the provider answers without the person."""

    ACTION = InquiryAction.DECLINE_CONSENT
    SUMMARY = "Do not ask the applicant for the consent"


class EscalateTo(Command):
    """Notify a body above the provider that the inquiry has no answer."""

    ACTION = InquiryAction.ESCALATE_TO
    SUMMARY = "Pass the inquiry to a body above the provider"

    body: BodyCode


class ShareDocuments(Command):
    """Choose the documents of the appeal that the provider may read: all that it may read afterwards, none for an empty list.

    The provider reads them while consent and category let it know the applicant, and the case has not ended.
    """

    ACTION = InquiryAction.SHARE_DOCUMENTS
    SUMMARY = "Choose the documents of the appeal that the provider may read"

    attachments: Annotated[list[UUID], Field(max_length=MAX_ATTACHMENTS)]


class Cancel(Command):
    """Cancel the inquiry: no answer is expected any more."""

    ACTION = InquiryAction.CANCEL
    SUMMARY = "Cancel the inquiry"

    reason: CancelReasonCode


class Verify(Command):
    """The result of asking the applicant by telephone about a confirmed proposal."""

    ACTION = InquiryAction.VERIFY
    SUMMARY = "Record the telephone check of a confirmed proposal"

    proposal_id: UUID
    result: Literal["VERIFIED", "REFUTED", "UNREACHED"]
    text: Remark


class Excuse(Command):
    """Release the provider from a promise, for a code of `excuse_reasons.csv`."""

    ACTION = InquiryAction.EXCUSE
    SUMMARY = "Excuse a promise that was not fulfilled"

    commitment_id: UUID
    reason: ExcuseReasonCode


COMMANDS: Final[tuple[type[Command], ...]] = (
    Acknowledge,
    Respond,
    Propose,
    MakePromise,
    AskTime,
    AskConsent,
    Accept,
    Return,
    Remind,
    RecordCall,
    GrantTime,
    RefuseTime,
    RequestConsent,
    DeclineConsent,
    EscalateTo,
    ShareDocuments,
    Cancel,
    Verify,
    Excuse,
)
