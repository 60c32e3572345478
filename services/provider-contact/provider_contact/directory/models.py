"""Tables of the provider directory. `bytes` columns are sealed values or keyed hashes."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from provider_contact.base import ProviderContactModel


class Provider(ProviderContactModel, table=True):
    """A contracted organisation. `bin` is sealed and found by `bin_key`, because a sole trader's BIN is a person's IIN."""

    provider_id: UUID = Field(primary_key=True)
    bin_key: bytes = Field(unique=True)
    bin: bytes
    fingerprint: bytes
    """Keyed hash of the whole imported row: shows whether a row has changed without unsealing it."""
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
    """A single row. Every import that changes something increments the version; its lock serialises imports."""

    __tablename__ = "directory_version"

    id: int = Field(primary_key=True)
    version: int


class ProviderRow(TypedDict):
    """A row of `provider` for bulk statements; the columns are those of `Provider`."""

    provider_id: UUID
    bin_key: bytes
    bin: bytes
    fingerprint: bytes
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str]
    region: str
    district: str
    kind: str
    ownership: str
    email: bytes | None
    phone: bytes | None
    valid_from: date
    valid_to: date | None
    recorded_at: datetime
