"""Tables of deliveries. `bytes` columns are sealed values or keyed hashes; nothing that identifies a person is stored unsealed."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.deliveries.codes import Addressee, DeliveryMethod, DeliveryState, ProviderMailKind, WebhookDisabledReason
from provider_contact.directory.codes import ContactRole
from provider_contact.inquiries.codes import NoticeKind
from shared.enum_column import EnumColumn

_HAS_NEXT, _IS_ROUTED, _IS_DUE = text("next_at IS NOT NULL"), text("route_id IS NOT NULL"), text("due_at IS NOT NULL")


class NoticeRoute(ProviderContactModel, table=True):
    """A notice on its route to one addressee: which step of `delivery_routes.csv` was begun last, and when the next one is due."""

    __tablename__ = "notice_route"
    __table_args__ = (
        Index("ix_notice_route_due", "due_at", sqlite_where=_IS_DUE, postgresql_where=_IS_DUE),
        Index("ix_notice_route_inquiry", "inquiry_id"),
    )

    route_id: UUID = Field(primary_key=True)
    inquiry_id: UUID
    provider_id: UUID
    notice: NoticeKind = Field(sa_column=Column(EnumColumn(NoticeKind), nullable=False))
    addressee: Addressee = Field(sa_column=Column(EnumColumn(Addressee), nullable=False))
    body: str | None
    """The body above the provider that is notified; None: the provider is."""
    step: int
    """The step that was begun last; 0: none."""
    due_at: datetime | None
    """When the next step is begun. None: the notice was delivered, or no step is left."""
    delivered_at: datetime | None
    """When a method other than the portal first delivered it."""
    planned_at: datetime


class Delivery(ProviderContactModel, table=True):
    """How a notice of an inquiry reaches its addressee by one method, with its attempts."""

    __table_args__ = (
        Index("ix_delivery_inquiry", "inquiry_id"),
        Index("ix_delivery_due", "channel", "next_at", sqlite_where=_HAS_NEXT, postgresql_where=_HAS_NEXT),
        Index(
            "ix_delivery_provider",
            "provider_id",
            "planned_at",
            "delivery_id",
            sqlite_where=_IS_ROUTED,
            postgresql_where=_IS_ROUTED,
        ),
    )

    delivery_id: UUID = Field(primary_key=True)
    """Receivers use it as an idempotency key: it stays the same when a message is sent again."""
    inquiry_id: UUID
    channel: DeliveryMethod = Field(sa_column=Column(EnumColumn(DeliveryMethod), nullable=False))
    attempts: int
    delivered_at: datetime | None
    last_error: str | None
    """An `AttemptError` or a `DeliveryError`."""
    external_id: str | None
    """The receiver's own id of the message, if there is one."""
    notice: NoticeKind = Field(default=NoticeKind.INQUIRY, sa_column=Column(EnumColumn(NoticeKind), nullable=False))
    state: DeliveryState = Field(default=DeliveryState.DELIVERED, sa_column=Column(EnumColumn(DeliveryState), nullable=False))
    route_id: UUID | None = None
    """None: the portal, where a notice is visible at once."""
    step: int | None = None
    """The step of the route that it carries out."""
    provider_id: UUID | None = None
    """None: a delivery of an earlier version, by the portal."""
    contact_role: ContactRole | None = Field(default=None, sa_column=Column(EnumColumn(ContactRole)))
    address: bytes | None = None
    """Sealed: the mailbox it is sent to."""
    language: str | None = None
    """The language of the mail; None: Kazakh and Russian."""
    planned_at: datetime | None = None
    next_at: datetime | None = None
    """The time of the next attempt; None: there is none."""
    leased_by: UUID | None = None
    leased_until: datetime | None = None
    last_status: int | None = None
    """HTTP status of the provider's system in its latest answer; None: it did not answer."""


class ReplyLink(ProviderContactModel, table=True):
    """A one-time link of a mail, by which the addressee answers. Whoever has the link answers for the provider."""

    __tablename__ = "reply_link"
    __table_args__ = (Index("ix_reply_link_inquiry", "inquiry_id"),)

    link_id: UUID = Field(primary_key=True)
    token_key: bytes = Field(unique=True)
    """Keyed hash of the token."""
    token: bytes | None
    """The sealed token, until the mail was sent or has failed."""
    delivery_id: UUID = Field(unique=True)
    inquiry_id: UUID
    provider_id: UUID
    expires_at: datetime
    used_at: datetime | None
    is_late: bool | None
    """The answer came when none was expected any more: it is stored and changes nothing. None: the link was not used."""


class ProviderWebhook(ProviderContactModel, table=True):
    """The webhook of a provider's own system."""

    __tablename__ = "provider_webhook"

    provider_id: UUID = Field(primary_key=True)
    url: bytes
    """Sealed: a URL may contain a secret."""
    secret: bytes
    """Sealed."""
    former_secret: bytes | None
    """Sealed; signs together with the new one until `former_until`."""
    former_until: datetime | None
    disabled_at: datetime | None
    disabled_because: WebhookDisabledReason | None = Field(sa_column=Column(EnumColumn(WebhookDisabledReason)))
    created_at: datetime


class ProviderMail(ProviderContactModel, table=True):
    """A mail to a person of a provider that is about no inquiry: an invitation, or that the provider's webhook is disabled."""

    __tablename__ = "provider_mail"
    __table_args__ = (
        Index("ix_provider_mail_due", "next_at", sqlite_where=_HAS_NEXT, postgresql_where=_HAS_NEXT),
        Index("ix_provider_mail_about", "about"),
    )

    mail_id: UUID = Field(primary_key=True)
    provider_id: UUID
    kind: ProviderMailKind = Field(sa_column=Column(EnumColumn(ProviderMailKind), nullable=False))
    about: UUID | None
    """The account that an invitation is for."""
    address: bytes
    """Sealed: the mailbox it is sent to."""
    content: bytes | None
    """Sealed: the values of its text, among them the one-time link; None once it was sent, has failed or is not needed."""
    languages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """The languages of the mail in their order."""
    state: DeliveryState = Field(sa_column=Column(EnumColumn(DeliveryState), nullable=False))
    attempts: int
    planned_at: datetime
    next_at: datetime | None
    """The time of the next attempt; None: there is none."""
    delivered_at: datetime | None
    last_error: str | None
    """A `DeliveryError`."""
    leased_by: UUID | None = None
    leased_until: datetime | None = None


# Rows for bulk statements; their columns are those of the tables above.


class NoticeRouteRow(TypedDict):
    route_id: UUID
    inquiry_id: UUID
    provider_id: UUID
    notice: NoticeKind
    addressee: Addressee
    body: str | None
    step: int
    due_at: datetime | None
    delivered_at: datetime | None
    planned_at: datetime


class DeliveryRow(TypedDict):
    delivery_id: UUID
    inquiry_id: UUID
    channel: DeliveryMethod
    attempts: int
    delivered_at: datetime | None
    last_error: str | None
    external_id: str | None
    notice: NoticeKind
    state: DeliveryState
    route_id: UUID | None
    step: int | None
    provider_id: UUID | None
    contact_role: ContactRole | None
    address: bytes | None
    language: str | None
    planned_at: datetime | None
    next_at: datetime | None
