"""Events of intake."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

from shared.contracts.event import CALLS, RATINGS, SELF_SERVICE, AppealEvent, Event, ExtensionAttribute

__all__ = [
    "CONCERNS_PROVIDER",
    "AppealImported",
    "AppealRated",
    "AppealRegistered",
    "AppealWithdrawn",
    "CallEnded",
    "CommitmentAnswered",
    "ConsentAnswered",
    "ConsentWithdrawn",
    "ImportUndoRequested",
    "MessageAdded",
    "OutcomeConfirmed",
    "OutcomeDenied",
    "ProposalAnswered",
    "ProviderRated",
    "QuestionSelfServed",
]


CONCERNS_PROVIDER: Final = "concernsprovider"
"""The name of the extension attribute that says whether the applicant chose or named a provider."""


class AppealRegistered(AppealEvent, service="intake", fact="appeal-registered"):
    """An appeal was accepted and numbered. The first event of an appeal, published once."""

    EXTENSIONS: ClassVar[Sequence[ExtensionAttribute]] = (
        ExtensionAttribute(
            CONCERNS_PROVIDER,
            "Whether the applicant chose a provider (`provider_id`) or named one (`provider_named`).",
            lambda payload: payload["provider_id"] is not None or payload["provider_named"] is True,
        ),
    )

    number: str
    channel: str
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    statutory_form: str | None
    provider_id: UUID | None
    """The provider chosen from the directory. None if the applicant typed a name or named none."""
    provider_named: bool
    """The applicant typed a provider's name: provider-contact reads and matches it."""
    has_text: bool
    anonymous: bool
    discloses_to_provider: bool
    """The applicant consented to disclosure of their identity to the provider (DISCLOSE_TO_PROVIDER)."""
    received_at: datetime
    registered_at: datetime
    due_at: datetime
    follows: UUID | None = None
    """The earlier appeal whose answer the applicant rejected. This appeal is not counted as a first-time appeal."""
    lowest_tier: int = 1
    resolved_in_contact: bool = False
    """A consultation that was answered during the call or at the counter. No further work is needed."""
    answer_by: str | None = None
    """The delivery method that the applicant chose for the answer."""
    taken_over: bool = False
    """The appeal was open in a former register. Its times are those of that register, and `due_at` is the end of its statutory term."""
    extended_until: date | None = None
    """The local day until which the former register extended the statutory term of an appeal that was taken over."""
    asks_provider: bool = True
    """False: no inquiry is sent by rule, because the former register has asked the provider. A clerk may ask at any time."""

    @property
    def concerns_provider(self) -> bool:
        """Return whether the applicant chose or named a provider."""
        return self.provider_id is not None or self.provider_named


class AppealImported(AppealEvent, service="intake", fact="appeal-imported"):
    """A closed appeal was imported from a former register. It has no clocks, inquiries or notifications."""

    number: str
    channel: str
    region: str
    language: str
    kind: str
    category: str | None
    topic: str | None
    provider_named: bool
    outcome: str
    received_at: datetime
    closed_at: datetime


class ImportUndoRequested(AppealEvent, service="intake", fact="import-undo-requested"):
    """The import that took an open appeal over is being undone. Routing decides: `import-undone`, or `import-undo-refused`."""


class MessageAdded(AppealEvent, service="intake", fact="message-added"):
    """The applicant added a message or the requested documents. Text and files stay in intake."""

    message_id: UUID
    attachments: int


class AppealWithdrawn(AppealEvent, service="intake", fact="appeal-withdrawn"):
    """The applicant withdrew the appeal by their own statement (АППК art. 64(9))."""

    reason: str
    number: str | None = None
    """This field and those below are None in events of earlier versions."""
    region: str | None = None
    tier: int | None = None
    kind: str | None = None
    category: str | None = None
    """As the applicant filed it."""
    received_at: datetime | None = None
    reachable: bool | None = None
    """The applicant gave a phone number, so that the Fund can ask again by telephone."""
    protection: str | None = None
    """Who of the staff may see the appeal, as in `appeal-routed`."""


class OutcomeConfirmed(AppealEvent, service="intake", fact="outcome-confirmed"):
    """The applicant confirmed that the answer resolves the appeal."""

    answer_id: UUID
    number: str | None = None
    """This field and those below are None in events of earlier versions."""
    region: str | None = None
    tier: int | None = None
    kind: str | None = None
    category: str | None = None
    """As the applicant filed it."""
    received_at: datetime | None = None
    reachable: bool | None = None
    """The applicant gave a phone number, so that the Fund can ask again by telephone."""
    protection: str | None = None
    """Who of the staff may see the appeal, as in `appeal-routed`."""


class OutcomeDenied(AppealEvent, service="intake", fact="outcome-denied"):
    """The applicant stated that the answer does not resolve the appeal."""

    answer_id: UUID
    followed_by: UUID | None
    """The new appeal that continues it (АППК art. 70(5)). None: a consultation continues in the same case, one tier higher."""


class AppealRated(AppealEvent, service="intake", fact="appeal-rated"):
    """The applicant rated the handling of the appeal."""

    score: int
    """1 to 5. The latest rating counts."""


class CallEnded(Event, service="intake", fact="call-ended", topic=CALLS):
    """A call to the telephone centre ended. Published once per call."""

    call_id: UUID
    """Intake's own id of the call: the exchange's id may contain a phone number."""
    queue: str
    region: str | None
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    outcome: Literal["ANSWERED", "ABANDONED", "AFTER_HOURS", "SELF_SERVICE"]
    waited_seconds: int
    talked_seconds: int

    @property
    def subject(self) -> UUID:
        return self.call_id


class ProposalAnswered(AppealEvent, service="intake", fact="proposal-answered"):
    """The applicant said whether the matter is solved as the provider proposes. The comment stays in intake."""

    proposal_id: UUID
    confirmed: bool
    method: str
    """How the applicant answered: TRACK, APP, TELEGRAM, SMS, LINK or CALL."""


class CommitmentAnswered(AppealEvent, service="intake", fact="commitment-answered"):
    """The applicant said whether the provider kept its promise."""

    commitment_id: UUID
    fulfilled: bool
    method: str
    """As in `proposal-answered`."""


class ConsentAnswered(AppealEvent, service="intake", fact="consent-answered"):
    """The applicant said whether the provider that was asked by an inquiry may know who the applicant is and read the text."""

    inquiry_id: UUID
    provider_id: UUID
    given: bool
    method: str
    """As in `proposal-answered`."""


class ConsentWithdrawn(AppealEvent, service="intake", fact="consent-withdrawn"):
    """The applicant withdrew the consent to be named to medical organisations. From now on none of them reads the person or the text.

    It ends the consent that was given with the appeal and every later one; a later yes (`consent-answered`) is a new consent.
    """

    method: str
    """As in `proposal-answered`; CALL: an employee of the Fund recorded it."""


class ProviderRated(Event, service="intake", fact="provider-rated", topic=RATINGS):
    """A resident rated a provider or one of its doctors. Nothing says who; the latest rating of a `rating_id` counts."""

    rating_id: UUID
    """The same for one person, provider and calendar month, so that a later rating replaces the former one."""
    provider_id: UUID
    doctor_id: UUID | None
    score: int
    """1 to 5."""
    aspects: dict[str, int]
    """Scores from 1 to 5 by aspect, a code of `rating_aspects.csv`."""
    month: date
    """The first day of the calendar month of the rating, in the time zone of the central office."""
    channel: str

    @property
    def subject(self) -> UUID:
        return self.provider_id


class QuestionSelfServed(Event, service="intake", fact="question-self-served", topic=SELF_SERVICE):
    """A published article answered a question before it was filed. No appeal exists, and nothing says who asked or what was written."""

    question_id: UUID
    """The same for one sender, article and day, so that a question counts once."""
    article_id: UUID
    topic: str
    """The topic of the article, a code of `topics.csv`."""
    channel: str
    region: str | None
    """None: the person had not named a region yet."""
    language: str
    served_at: datetime

    @property
    def subject(self) -> UUID:
        return self.question_id
