"""What intake tells the others."""

from datetime import datetime
from uuid import UUID

from shared.contracts.event import AppealEvent


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
