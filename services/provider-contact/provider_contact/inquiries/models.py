"""Tables of inquiries. `bytes` columns are sealed values; nothing that identifies a person is stored unsealed."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlalchemy import false as sqlalchemy_false
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.inquiries.codes import DeliveryMethod, InquiryStatus
from shared.enum_column import EnumColumn


class Appeal(ProviderContactModel, table=True):
    """What this service has to know of an appeal to ask its provider. Its row is locked before an event about it is emitted."""

    appeal_id: UUID = Field(primary_key=True)
    number: str
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    received_at: datetime
    closed: bool


class Inquiry(ProviderContactModel, table=True):
    """The Fund's question to a provider about one appeal. `settled`: the provider has answered, or the case has ended."""

    __table_args__ = (
        Index("ix_inquiry_order", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_provider", "provider_id", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_late", "settled", "overdue", "due_at"),
    )

    inquiry_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    provider_id: UUID
    category: str
    status: InquiryStatus = Field(sa_column=Column(EnumColumn(InquiryStatus), nullable=False))
    discloses: bool
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    sent_at: datetime
    version: int
    request_id: UUID | None = None
    """The request of a clerk; None: a rule sent the inquiry. Routing owns the clerk's text."""
    questions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    """Codes of `provider_questions.csv`."""
    has_text: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy_false()})


class Delivery(ProviderContactModel, table=True):
    """How an inquiry reached the provider."""

    delivery_id: UUID = Field(primary_key=True)
    inquiry_id: UUID
    channel: DeliveryMethod = Field(sa_column=Column(EnumColumn(DeliveryMethod), nullable=False))
    attempts: int
    delivered_at: datetime | None
    last_error: str | None
    external_id: str | None


class ProviderResponse(ProviderContactModel, table=True):
    """A provider's answer; `text` is sealed, and other services read it by `response_id`."""

    __tablename__ = "response"

    response_id: UUID = Field(primary_key=True)
    inquiry_id: UUID
    language: str
    code: str
    text: bytes
    at: datetime


class ContentRead(ProviderContactModel, table=True):
    """The audit log of answers that other services read: who, on whose behalf and for what purpose."""

    __tablename__ = "content_read"

    content_read_id: UUID = Field(primary_key=True)
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime


# Rows for bulk statements; their columns are those of the tables above.


class AppealRow(TypedDict):
    appeal_id: UUID
    number: str
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    received_at: datetime
    closed: bool


class AppealChange(TypedDict, total=False):
    """The columns of an appeal that events change."""

    region: str
    tier: int | None
    kind: str | None
    category: str | None


class InquiryRow(TypedDict):
    inquiry_id: UUID
    appeal_id: UUID
    provider_id: UUID
    category: str
    status: InquiryStatus
    discloses: bool
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    sent_at: datetime
    version: int
    request_id: UUID | None
    questions: list[str]
    has_text: bool


class DeliveryRow(TypedDict):
    delivery_id: UUID
    inquiry_id: UUID
    channel: DeliveryMethod
    attempts: int
    delivered_at: datetime | None
    last_error: str | None
    external_id: str | None
