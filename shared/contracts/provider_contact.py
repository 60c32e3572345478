"""Events of provider-contact."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PROVIDERS, AppealEvent, Event

__all__ = [
    "InquiryAcknowledged",
    "InquiryAnswered",
    "InquiryOverdue",
    "InquirySent",
    "ProviderMatched",
    "ProviderRecorded",
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


class InquiryAnswered(AppealEvent, service="provider-contact", fact="inquiry-answered"):
    """The provider answered the inquiry. The text stays in provider-contact and is read by `response_id`."""

    inquiry_id: UUID
    provider_id: UUID
    response_id: UUID
    code: str


class InquiryOverdue(AppealEvent, service="provider-contact", fact="inquiry-overdue"):
    """The provider did not answer the inquiry in time."""

    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime
