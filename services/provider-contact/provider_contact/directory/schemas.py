"""Requests and responses of the directory's routes, and rows that cross a function boundary."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from provider_contact.directory.codes import ContactRole, ImportState, LineAction, Sheet
from shared.http import StrictModel


class ProviderItem(BaseModel):
    """A directory entry; `score` is from 0 to 1, and null if the request had no query."""

    provider_id: UUID
    bin: str | None
    """Shown to everybody for an organisation, only to staff if the BIN is a sole trader's IIN."""
    name_kk: str
    name_ru: str
    region: str
    kind: str
    score: float | None


class RejectedLine(BaseModel):
    """The first error of a line that was not imported."""

    line: int
    code: str
    field: str
    detail: str


class ReportLine(BaseModel):
    """What an import does, or would do, with one line of its file. No cell of the file is repeated."""

    line: int
    action: LineAction
    entity_id: UUID | None = None
    """The entry: a provider, a contact or a doctor. Null for a refused line, and in a dry run for a new entry."""
    provider_id: UUID | None = None
    """The provider that the entry belongs to."""
    columns: list[str] = []
    """The columns that change."""
    code: str = ""
    """Why the line is refused."""
    field: str = ""
    detail: str = ""


class ImportResult(BaseModel):
    """The outcome of an import. With `dry_run` nothing was stored, and the figures say what would have been."""

    import_id: UUID | None
    """Null for a dry run."""
    dry_run: bool
    received: int
    imported: int
    """New or changed."""
    added: int
    changed: int
    unchanged: int
    rejected: list[RejectedLine]
    report: list[ReportLine]
    """An entry a line that is not unchanged, in the order of the file."""


class ImportItem(BaseModel):
    """An import of the history. `actor`: the subject of the token that imported."""

    import_id: UUID
    sheet: Sheet
    state: ImportState
    received: int
    added: int
    changed: int
    unchanged: int
    rejected: int
    actor: str
    at: datetime
    undone_by: str | None
    undone_at: datetime | None


class ImportReport(ImportItem):
    """An import with an entry for each line that is not unchanged."""

    report: list[ReportLine]


class DoctorItem(BaseModel):
    """The public part of a doctor's entry."""

    doctor_id: UUID
    full_name_kk: str
    full_name_ru: str
    speciality: str


class NoFields(StrictModel):
    """A command without fields."""


class ImportDocument(BaseModel):
    """What identifies an import in its idempotency key."""

    sha256: str


class ContactContent(BaseModel):
    """The sealed part of a contact. `name`: of a person or a department; `hours`: as the provider writes them."""

    name: str = ""
    position: str = ""
    phone: str | None = None
    """In E.164."""
    email: str | None = None
    hours: str = ""


@dataclass(frozen=True, slots=True)
class ProviderContact:
    """A contact of a provider, or of a body above the providers. It never goes into an event or a log.

    `contact_id`: None for the contact of the Fund's list. `languages`: kk, ru, en; empty if not known.
    """

    contact_id: UUID | None
    role: ContactRole
    name: str
    position: str
    phone: str | None
    email: str | None
    hours: str
    languages: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    version: int
