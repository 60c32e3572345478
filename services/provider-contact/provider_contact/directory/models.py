"""Tables of the provider directory. `bytes` columns are sealed values or keyed hashes."""

from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.directory.codes import ContactRole, Entity, ImportState, Sheet
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

    __table_args__ = (
        Index("ix_contact_provider", "provider_id"),
        Index("ix_contact_body", "body", "region"),
        Index("ix_contact_key", "contact_key"),
    )

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
    __table_args__ = (UniqueConstraint("provider_id", "year"),)

    contract_id: UUID = Field(primary_key=True)
    provider_id: UUID
    year: int
    care_types: list[str] = Field(sa_column=Column(JSON, nullable=False))
    version: int


class Doctor(ProviderContactModel, table=True):
    """A doctor of a provider. Providers publish their doctors, so names are stored as they are; no event contains them."""

    __table_args__ = (Index("ix_doctor_provider", "provider_id"),)

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


class DirectoryImport(ProviderContactModel, table=True):
    """An import of a sheet: a draft that only reported, or one that was carried out and perhaps undone."""

    __tablename__ = "directory_import"
    __table_args__ = (Index("ix_directory_import_at", "at", "import_id"),)

    import_id: UUID = Field(primary_key=True)
    sheet: Sheet = Field(sa_column=Column(EnumColumn(Sheet), nullable=False))
    state: ImportState = Field(sa_column=Column(EnumColumn(ImportState), nullable=False))
    sha256: str
    document: bytes | None
    """The sealed file of a draft, until the draft is imported or expires."""
    received: int
    added: int
    changed: int
    unchanged: int
    rejected: int
    report: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    """A `ReportLine` for every line that is not unchanged: numbers, codes, names of columns and ids."""
    actor: str
    at: datetime
    undone_by: str | None
    undone_at: datetime | None


class DirectoryChange(ProviderContactModel, table=True):
    """A change of one entry by an import or by the keeper, with the entry as it was, so that the change can be undone."""

    __tablename__ = "directory_change"
    __table_args__ = (
        Index("ix_directory_change_import", "import_id"),
        Index("ix_directory_change_provider", "provider_id", "at"),
    )

    change_id: UUID = Field(primary_key=True)
    import_id: UUID | None
    """None: the keeper changed the entry on its page."""
    provider_id: UUID | None
    """None: a contact of a body."""
    entity: Entity = Field(sa_column=Column(EnumColumn(Entity), nullable=False))
    entity_id: UUID
    version: int
    """The version that the change gave to the entry; 0: it was removed. A later change makes another version."""
    before: bytes | None
    """The sealed entry as it was; None: there was none."""
    actor: str
    at: datetime
    undone_at: datetime | None


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
    added_aliases: list[str]
    region: str
    district: str
    kind: str
    ownership: str
    level: str | None
    attached_population: int | None
    districts: list[str]
    email: bytes | None
    phone: bytes | None
    valid_from: date
    valid_to: date | None
    version: int
    recorded_at: datetime
