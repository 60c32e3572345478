"""Requests and responses of the directory's routes, and rows that cross a function boundary."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from provider_contact.directory.codes import ContactRole


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


class ImportResult(BaseModel):
    received: int
    imported: int
    """New or changed."""
    unchanged: int
    rejected: list[RejectedLine]


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
