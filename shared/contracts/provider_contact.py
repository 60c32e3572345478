"""Events of provider-contact."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PROVIDERS, AppealEvent, Event

__all__ = [
    "CommitmentDue",
    "CommitmentEnded",
    "CommitmentMade",
    "ConsentAsked",
    "ConsentDeclined",
    "ConsentRequested",
    "InquiryAccepted",
    "InquiryAcknowledged",
    "InquiryAnswered",
    "InquiryCancelled",
    "InquiryDelivered",
    "InquiryEscalated",
    "InquiryOverdue",
    "InquiryReminded",
    "InquiryReturned",
    "InquirySent",
    "OutcomeVerified",
    "ProposalUnanswered",
    "ProviderMatched",
    "ProviderRecorded",
    "SolutionProposed",
    "TimeAsked",
    "TimeGranted",
    "TimeRefused",
]


class ProviderRecorded(Event, service="provider-contact", fact="provider-recorded", topic=PROVIDERS):
    """The current public part of a provider's directory entry. It has no BIN, because the BIN of a sole trader is an IIN."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str]
    region: str
    district: str
    kind: str
    ownership: str
    active: bool

    @property
    def subject(self) -> UUID:
        return self.provider_id


class ProviderMatched(AppealEvent, service="provider-contact", fact="provider-matched"):
    """The provider that an appeal names by text (or by BIN, when imported) was found in the directory."""

    provider_id: UUID
    score: float
    matched_by: Literal["name", "bin", "clerk"]


class InquirySent(AppealEvent, service="provider-contact", fact="inquiry-sent"):
    """An inquiry about the appeal was sent to the provider."""

    inquiry_id: UUID
    provider_id: UUID
    category: str
    due_at: datetime
    discloses: bool
    """The provider may read the text and the applicant's identity."""
    request_id: UUID | None = None
    """The request of a clerk that the inquiry follows; None: a rule sent it."""


class InquiryAcknowledged(AppealEvent, service="provider-contact", fact="inquiry-acknowledged"):
    """The provider acknowledged the inquiry."""

    inquiry_id: UUID
    provider_id: UUID


class InquiryDelivered(AppealEvent, service="provider-contact", fact="inquiry-delivered"):
    """A delivery method other than the portal first reached the provider. The portal shows an inquiry as soon as it is sent."""

    inquiry_id: UUID
    provider_id: UUID
    method: Literal["WEBHOOK", "EMAIL", "TELEPHONE"]


class InquiryReminded(AppealEvent, service="provider-contact", fact="inquiry-reminded"):
    """The provider was reminded of the inquiry, before its due date by rule or at any time by a clerk."""

    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime
    actor_role: str | None = None
    """The role of the clerk; None: a rule reminded."""


class InquiryAnswered(AppealEvent, service="provider-contact", fact="inquiry-answered"):
    """The provider answered the inquiry. The text stays in provider-contact and is read by `response_id`."""

    inquiry_id: UUID
    provider_id: UUID
    response_id: UUID
    code: str
    round: int = 1
    """The first answer is of round 1; each return of an answer begins the next round."""
    late: bool = False
    """The answer came after the due date."""
    refusal_reason: str | None = None
    """Why the provider refused care (a code of `refusal_reasons.csv`); None: it names no refusal."""


class InquiryOverdue(AppealEvent, service="provider-contact", fact="inquiry-overdue"):
    """The provider did not answer the inquiry in time. Its head physician is notified."""

    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime


class InquiryEscalated(AppealEvent, service="provider-contact", fact="inquiry-escalated"):
    """An inquiry without an answer was passed to a body above the provider, by rule or by a clerk."""

    inquiry_id: UUID
    provider_id: UUID
    body: str
    """Code of the body."""
    actor_role: str | None = None
    """The role of the clerk; None: a rule escalated."""


class InquiryAccepted(AppealEvent, service="provider-contact", fact="inquiry-accepted"):
    """A clerk accepted the provider's answer. `refusal_lawful`: the clerk's finding on a refusal that the answer names."""

    inquiry_id: UUID
    provider_id: UUID
    response_id: UUID
    actor_role: str
    refusal_reason: str | None = None
    refusal_lawful: bool | None = None


class InquiryReturned(AppealEvent, service="provider-contact", fact="inquiry-returned"):
    """A clerk returned the provider's answer, and the provider answers again."""

    inquiry_id: UUID
    provider_id: UUID
    reason: str
    """A code of `return_reasons.csv`."""
    round: int
    """The round that begins."""
    due_at: datetime
    actor_role: str


class InquiryCancelled(AppealEvent, service="provider-contact", fact="inquiry-cancelled"):
    """A clerk cancelled the inquiry. No answer is expected any more."""

    inquiry_id: UUID
    provider_id: UUID
    reason: str
    """A code of `cancel_reasons.csv`."""
    actor_role: str


class TimeAsked(AppealEvent, service="provider-contact", fact="time-asked"):
    """The provider asked for more time to answer. The reason stays in provider-contact."""

    inquiry_id: UUID
    provider_id: UUID
    until: date
    """The last local day of the time asked for."""


class TimeGranted(AppealEvent, service="provider-contact", fact="time-granted"):
    """A clerk granted the provider more time."""

    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime
    actor_role: str


class TimeRefused(AppealEvent, service="provider-contact", fact="time-refused"):
    """A clerk refused the provider more time: the due date stays."""

    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime
    actor_role: str


class ConsentAsked(AppealEvent, service="provider-contact", fact="consent-asked"):
    """The provider asks the Fund to obtain the applicant's consent to be named to it. The reason stays in provider-contact."""

    inquiry_id: UUID
    provider_id: UUID


class ConsentRequested(AppealEvent, service="provider-contact", fact="consent-requested"):
    """A clerk has the applicant asked for the consent DISCLOSE_TO_PROVIDER. Only a yes (`consent-answered`) opens the applicant."""

    inquiry_id: UUID
    provider_id: UUID
    answer_until: datetime
    """No answer until then is no consent; a later one still counts."""
    actor_role: str


class ConsentDeclined(AppealEvent, service="provider-contact", fact="consent-declined"):
    """A clerk does not ask the applicant for the consent: the provider answers without the person."""

    inquiry_id: UUID
    provider_id: UUID
    actor_role: str


class SolutionProposed(AppealEvent, service="provider-contact", fact="solution-proposed"):
    """The provider says that the matter is solved here and now. It counts only when the applicant confirms (`proposal-answered`)."""

    proposal_id: UUID
    inquiry_id: UUID
    provider_id: UUID
    language: str
    answer_until: datetime
    """No answer until then is NO_ANSWER, which is never a success."""


class ProposalUnanswered(AppealEvent, service="provider-contact", fact="proposal-unanswered"):
    """The applicant did not answer a proposal in time. The case returns to the desk."""

    proposal_id: UUID
    inquiry_id: UUID
    provider_id: UUID


class OutcomeVerified(AppealEvent, service="provider-contact", fact="outcome-verified"):
    """The Fund asked the applicant by telephone whether a confirmation or a withdrawal was their own free statement."""

    check_id: UUID
    about: Literal["PROPOSAL", "WITHDRAWAL", "ANSWER"]
    """What was confirmed or withdrawn: a proposal of a provider, the appeal, or the answer of the Fund."""
    proposal_id: UUID | None
    provider_id: UUID | None
    result: Literal["VERIFIED", "REFUTED", "UNREACHED"]
    actor_role: str
    answer_id: UUID | None = None
    """The confirmed answer of the Fund; None for anything else."""


class CommitmentMade(AppealEvent, service="provider-contact", fact="commitment-made"):
    """The provider promised something by a day. The text stays in provider-contact."""

    commitment_id: UUID
    inquiry_id: UUID
    provider_id: UUID
    due_on: date
    """The local day by whose end the promise is to be fulfilled."""
    language: str


class CommitmentDue(AppealEvent, service="provider-contact", fact="commitment-due"):
    """The day of a promise has come, and the applicant is asked whether it was fulfilled."""

    commitment_id: UUID
    inquiry_id: UUID
    provider_id: UUID
    answer_until: datetime


class CommitmentEnded(AppealEvent, service="provider-contact", fact="commitment-ended"):
    """A promise has its result. A broken one reopens the case one tier higher."""

    commitment_id: UUID
    inquiry_id: UUID
    provider_id: UUID
    result: Literal["KEPT", "BROKEN", "EXCUSED", "NO_ANSWER"]
