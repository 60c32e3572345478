"""What intake tells the others."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import CALLS, AppealEvent, Event


class AppealRegistered(AppealEvent, service="intake", fact="appeal-registered"):
    """An appeal was accepted and numbered: the first event of its life, once an appeal."""

    number: str
    channel: str
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    statutory_form: str | None
    provider_id: UUID | None
    """The provider chosen from the directory; None when the citizen typed a name or named none."""
    provider_named: bool
    """The citizen typed a provider's name: provider-contact claims and matches it."""
    has_text: bool
    anonymous: bool
    discloses_to_provider: bool
    """The applicant consented to be made known to the provider (DISCLOSE_TO_PROVIDER)."""
    received_at: datetime
    registered_at: datetime
    due_at: datetime
    follows: UUID | None = None
    """The earlier appeal whose answer did not satisfy; this one is not counted again among first-time appeals."""
    lowest_tier: int = 1
    resolved_in_contact: bool = False
    """A consultation that was answered while the citizen was on the line or at the counter: there is nothing left to do."""
    answer_by: str | None = None
    """The way on which the applicant wants the answer."""


class AppealImported(AppealEvent, service="intake", fact="appeal-imported"):
    """A closed appeal of a former register was taken over. No clocks, inquiries or notices follow from it."""

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


class MessageAdded(AppealEvent, service="intake", fact="message-added"):
    """The applicant wrote once more, or sent what was asked for. The words and files stay in intake."""

    message_id: UUID
    attachments: int


class AppealWithdrawn(AppealEvent, service="intake", fact="appeal-withdrawn"):
    """The applicant took the appeal back by their own statement (АППК art. 64(9))."""

    reason: str


class OutcomeConfirmed(AppealEvent, service="intake", fact="outcome-confirmed"):
    """The applicant says that the answer settles the matter."""

    answer_id: UUID


class OutcomeDenied(AppealEvent, service="intake", fact="outcome-denied"):
    """The applicant says that the answer does not settle the matter."""

    answer_id: UUID
    followed_by: UUID | None
    """The new appeal in which it goes on (АППК art. 70(5)); None: a consultation goes on in the same case, one tier up."""


class AppealRated(AppealEvent, service="intake", fact="appeal-rated"):
    score: int
    """1 to 5; the latest one holds."""


class CallEnded(Event, service="intake", fact="call-ended", topic=CALLS):
    """A call to the telephone centre is over; once a call."""

    call_id: UUID
    """Intake's own id of the call: the exchange's may carry a number."""
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
