"""Requests and responses of the partner channel."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from intake.register.schemas import Code, Moment
from shared.http import StrictModel, Text
from shared.outgoing.webhooks import AttemptError

Url = Annotated[str, Text(2000)]


class DisabledReason(StrEnum):
    """Why a subscription was disabled."""

    GONE = "GONE"
    """The receiver answered 410."""
    FAILING = "FAILING"
    """The last attempt failed as well."""


class Update(BaseModel):
    """A change of an appeal: codes, ids and times, no content."""

    cursor: str
    """Send it as `?cursor=` or `Last-Event-ID` to read what follows."""
    appeal_id: UUID
    number: str
    external_number: str | None = None
    at: datetime
    type: str
    status: str
    holder: str


class Updates(BaseModel):
    """A page of the feed. `next_cursor` is always present: store it and send it with the next request."""

    items: list[Update]
    total: int
    """Entries after the cursor that was sent, including those on this page."""
    next_cursor: str


class SubscriptionIn(StrictModel):
    url: Url = Field(description="https, on the public internet")
    events: list[Code] | None = Field(None, min_length=1, max_length=50, description="types of updates; absent: all")


class Subscribed(BaseModel):
    subscription_id: UUID
    url: str
    events: list[str] | None
    active: bool
    disabled_because: str | None
    """GONE: the receiver answered 410; FAILING: it failed until the last attempt. A replay makes it active again."""
    created_at: datetime


class SubscribedWithSecret(Subscribed):
    secret: str
    """`whsec_…`, shown this once; signs by Standard Webhooks."""


class NewSecret(BaseModel):
    secret: str
    former_valid_until: datetime | None


class Delivered(BaseModel):
    """A delivery of one update to a subscriber. `webhook-id` is made from `delivery_id`."""

    delivery_id: UUID
    appeal_id: UUID
    number: str
    type: str
    attempts: int
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class TestDelivered(BaseModel):
    """The receiver's answer to a test update. `error` is null if it was accepted."""

    webhook_id: str
    delivered: bool
    status: int | None
    """HTTP status of the receiver; null: it did not answer."""
    error: AttemptError | None


class ReplayIn(StrictModel):
    """What to send again: the updates since a time, or deliveries by their ids."""

    since: Moment | None = Field(None, description="RFC 3339")
    ids: list[UUID] | None = Field(None, min_length=1, max_length=200)


class Replayed(BaseModel):
    replayed: int


class Forwarded(BaseModel):
    """An appeal that the Fund forwarded to the body of this partner, with its content (АППК art. 65)."""

    appeal_id: UUID
    number: str
    received_at: datetime
    registered_at: datetime
    forwarded_at: datetime
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    provider_id: UUID | None
    provider_name: str | None
    text: str | None
    applicant: dict[str, str] | None
    particulars: dict[str, object] | None
