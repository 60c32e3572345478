"""Requests and responses of the directory's routes."""

from uuid import UUID

from pydantic import BaseModel


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
