"""What provider-contact tells the others."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PROVIDERS, AppealEvent, Event


class ProviderRecorded(Event, service="provider-contact", fact="provider-recorded", topic=PROVIDERS):
    """The public part of a provider's directory entry as it now stands; no BIN, as a sole trader's is an IIN."""

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
    """The provider that an appeal names in words (or by BIN, when imported) was found in the directory."""

    provider_id: UUID
    score: float
    matched_by: Literal["name", "bin", "clerk"]


class InquirySent(AppealEvent, service="provider-contact", fact="inquiry-sent"):
    inquiry_id: UUID
    provider_id: UUID
    category: str
    due_at: datetime
    discloses: bool
    """The provider may claim the text and the applicant."""


class InquiryAcknowledged(AppealEvent, service="provider-contact", fact="inquiry-acknowledged"):
    inquiry_id: UUID
    provider_id: UUID


class InquiryAnswered(AppealEvent, service="provider-contact", fact="inquiry-answered"):
    """The provider answered. The words stay in provider-contact and are claimed by `response_id`."""

    inquiry_id: UUID
    provider_id: UUID
    response_id: UUID
    code: str


class InquiryOverdue(AppealEvent, service="provider-contact", fact="inquiry-overdue"):
    inquiry_id: UUID
    provider_id: UUID
    due_at: datetime
