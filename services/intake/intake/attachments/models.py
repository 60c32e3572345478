"""Files that came with an appeal or a message: codes, sizes and sealed names here, their bytes encrypted in the object store."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from intake.base import IntakeModel

UNCLAIMED = text("appeal_id IS NULL")


class Attachment(IntakeModel, table=True):
    """A file, from its first byte on; without an appeal it belongs to nobody yet and is dropped after a while."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_appeal", "appeal_id", "created_at"),
        Index("ix_attachment_state", "state", "id"),
        Index("ix_attachment_unclaimed", "owner", "size", sqlite_where=UNCLAIMED, postgresql_where=UNCLAIMED),
    )

    id: UUID = Field(primary_key=True)
    appeal_id: UUID | None = Field(foreign_key="appeal.id")
    message_id: UUID | None
    """The message it came with; None: it came with the appeal itself."""
    state: str
    declared: str | None
    """The kind that the sender's media type names."""
    kind: str | None
    """What it was found to be; None while it is still being received."""
    length: int | None
    """Bytes announced; None where they were not."""
    size: int
    """Bytes there are."""
    pieces: list[list[Any]] = Field(sa_column=Column(JSON, nullable=False))
    """The objects that follow each other in it: name and size in bytes."""
    key: bytes
    """Sealed: what its bytes are encrypted with."""
    name: bytes | None
    """Sealed: the file's name as it came; once the file is accepted, a safe one."""
    token: bytes | None
    """Keyed hash of the secret under which it may be gone on with and claimed."""
    owner: bytes | None
    """Keyed hash of whose unclaimed files it counts among, until an appeal has it; None: of nobody's in particular."""
    created_at: datetime = Field(index=True)
    scan_attempts: int = Field(0, sa_column_kwargs={"server_default": "0"})
    """How often the scanner was asked about it without a verdict, the attempt under way included."""
    scan_after: datetime | None = None
    """When a file that was asked about is due again."""
