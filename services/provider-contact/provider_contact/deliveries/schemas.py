"""Requests and responses of deliveries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from provider_contact.deliveries.codes import DeliveryState, WebhookDisabledReason
from shared.http import StrictModel, Text
from shared.outgoing.webhooks import AttemptError


class WebhookRequest(StrictModel):
    url: Annotated[str, Text(2000)]
    """https to a host on the public internet, without user name, password and fragment."""


class WebhookView(BaseModel):
    """The webhook of a provider's own system."""

    url: str
    active: bool
    disabled_because: WebhookDisabledReason | None
    """GONE: the system answered 410; FAILING: it failed until the last attempt. Setting the URL or a replay makes the webhook active."""
    created_at: datetime
    former_secret_until: datetime | None
    """Until then the former secret signs too; null: it was never renewed."""


class WebhookWithSecret(WebhookView):
    secret: str | None
    """`whsec_…`, shown only when the webhook is made; signs by Standard Webhooks. Null: the webhook had one before."""


class NewWebhookSecret(BaseModel):
    secret: str
    former_valid_until: datetime


class WebhookTested(BaseModel):
    """The answer of the provider's system to a test message. `error` is null if it was accepted."""

    webhook_id: str
    delivered: bool
    status: int | None
    """HTTP status of the system; null: it did not answer."""
    error: AttemptError | None


class WebhookDelivery(BaseModel):
    """A delivery of a notice to the provider's system. `webhook-id` is made from `delivery_id`."""

    delivery_id: UUID
    inquiry_id: UUID
    number: str
    type: str
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    planned_at: datetime
    next_at: datetime | None
    delivered_at: datetime | None


class ReplayRequest(StrictModel):
    """What to send again: the deliveries of the last days, or those of these ids."""

    days: Annotated[int, Field(ge=1, le=30)] | None = None
    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)] | None = None


class WebhookReplayed(BaseModel):
    replayed: int
