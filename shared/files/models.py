"""The columns that every table of files has: codes, sizes and sealed names. The bytes are encrypted in the object store."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from shared.enum_column import EnumColumn
from shared.files.codes import AttachmentState


class AttachmentStateColumn(EnumColumn[AttachmentState]):
    """The column of a file's state."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(AttachmentState)


class StoredFile(SQLModel):
    """A file, from the beginning of its upload. A table adds what a file belongs to; until then it is unclaimed."""

    id: UUID = Field(primary_key=True)
    state: AttachmentState = Field(sa_type=AttachmentStateColumn)
    declared: str | None
    """The kind that the sender's media type names."""
    kind: str | None
    """The kind found by the inspection; None while it is being received."""
    length: int | None
    """Announced size in bytes; None if it was not announced."""
    size: int
    """Received bytes."""
    pieces: list[list[Any]] = Field(sa_type=JSON)
    """The objects of the file in order: name and size in bytes of each."""
    key: bytes
    """Sealed: the key that encrypts its bytes."""
    name: bytes | None
    """Sealed: the file's name as given; once the file is accepted, a safe name."""
    owner: bytes | None
    """Keyed hash of the sender in whose quota it counts until it is claimed; None: it counts in no sender's quota."""
    created_at: datetime = Field(index=True)
    scan_attempts: int = Field(0, sa_column_kwargs={"server_default": "0"})
    """Attempts to scan it without a verdict, the current one included."""
    scan_after: datetime | None = None
    """When a file whose scan failed is due again."""
