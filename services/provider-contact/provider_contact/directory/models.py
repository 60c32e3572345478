"""Tables of the provider directory. `bytes` columns are sealed values or keyed hashes."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.directory.codes import ContactRole
from shared.enum_column import EnumColumn


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
    """Other names by the Fund's list."""
    added_aliases: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Other names that the directory's keeper added; no import changes them."""
    region: str
    district: str
    kind: str
    ownership: str
    level: str | None
    attached_population: int | None
    districts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The districts that the provider serves."""
    email: bytes | None
    phone: bytes | None
    valid_from: date
    valid_to: date | None
    version: int = 1
    recorded_at: datetime


class Contact(ProviderContactModel, table=True):
    """A contact of a provider by role, or of a body above the providers of a region: then `body` and `region` are set."""

    contact_id: UUID = Field(primary_key=True)
    provider_id: UUID | None
    body: str | None
    region: str | None
    role: ContactRole = Field(sa_column=Column(EnumColumn(ContactRole), nullable=False))
    contact_key: bytes
    """Keyed hash of owner, role and mailbox (or phone): by it an import finds the contact that a line changes."""
    content: bytes
    """Sealed `ContactContent`: names, phone, e-mail and hours."""
    languages: list[str] = Field(sa_column=Column(JSON, nullable=False))
    valid_from: date
    valid_to: date | None
    version: int
    recorded_at: datetime


class ProviderContract(ProviderContactModel, table=True):
    """A year in which the Fund has a contract with a provider, and the types of care that it buys (`care_types.csv`)."""

    __tablename__ = "provider_contract"

    contract_id: UUID = Field(primary_key=True)
    provider_id: UUID
    year: int
    care_types: list[str] = Field(sa_column=Column(JSON, nullable=False))
    version: int


class Doctor(ProviderContactModel, table=True):
    """A doctor of a provider. Providers publish their doctors, so names are stored as they are; no event contains them."""

    doctor_id: UUID = Field(primary_key=True)
    provider_id: UUID
    doctor_key: bytes = Field(unique=True)
    """Keyed hash of provider, name in Kazakh and speciality: by it an import finds the doctor that a line changes."""
    full_name_kk: str
    full_name_ru: str
    speciality: str
    valid_from: date
    valid_to: date | None
    version: int


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
