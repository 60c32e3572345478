"""Tables of this service. `bytes` columns are sealed values or keyed hashes; nothing that names a person stands in the open."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, MetaData
from sqlmodel import Field, SQLModel


class ProviderContactModel(SQLModel):
    metadata = MetaData()


class Provider(ProviderContactModel, table=True):
    """A contracted organisation. `bin` is sealed and looked up by `bin_key`, as a sole trader's is an IIN."""

    provider_id: UUID = Field(primary_key=True)
    bin_key: bytes = Field(unique=True)
    bin: bytes
    fingerprint: bytes
    """Keyed hash of the whole imported row: tells a changed row from an unchanged one without opening anything."""
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str] = Field(sa_column=Column(JSON, nullable=False))
    region: str
    district: str
    kind: str
    ownership: str
    email: bytes | None
    phone: bytes | None
    valid_from: date
    valid_to: date | None
    recorded_at: datetime


class DirectoryVersion(ProviderContactModel, table=True):
    """One row: moved by every import that changes something; its lock lets imports follow one another."""

    __tablename__ = "directory_version"

    id: int = Field(primary_key=True)
    version: int


class Appeal(ProviderContactModel, table=True):
    """What this service must know of an appeal to write to the provider; locked before anything is emitted about it."""

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


class NameMatch(ProviderContactModel, table=True):
    """A typed name that no rule could decide on and a clerk has to: candidates with scores, never the name."""

    __tablename__ = "name_match"
    __table_args__ = (Index("ix_name_match_order", "noted_at", "appeal_id"),)

    appeal_id: UUID = Field(primary_key=True)
    candidates: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    noted_at: datetime


class Inquiry(ProviderContactModel, table=True):
    """The Fund's question to a provider about one appeal. `settled`: the provider has nothing more to do (answered, or the case closed)."""

    __table_args__ = (
        Index("ix_inquiry_order", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_provider", "provider_id", "settled", "due_at", "inquiry_id"),
        Index("ix_inquiry_late", "settled", "overdue", "due_at"),
    )

    inquiry_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    provider_id: UUID
    category: str
    status: str
    discloses: bool
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    sent_at: datetime
    version: int


class Delivery(ProviderContactModel, table=True):
    """How an inquiry reached the provider, by which channel."""

    delivery_id: UUID = Field(primary_key=True)
    inquiry_id: UUID = Field(index=True)
    channel: str
    attempts: int
    delivered_at: datetime | None
    last_error: str | None
    external_id: str | None


class Response(ProviderContactModel, table=True):
    """A provider's answer; `text` is sealed and claimed by `response_id`."""

    response_id: UUID = Field(primary_key=True)
    inquiry_id: UUID = Field(index=True)
    language: str
    code: str
    text: bytes
    at: datetime


class ContentRead(ProviderContactModel, table=True):
    """Who read which answers, on whose behalf, and what for."""

    __tablename__ = "content_read"

    content_read_id: UUID = Field(primary_key=True)
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = Field(index=True)
