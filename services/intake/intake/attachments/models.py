"""The table of attachments: codes, sizes and sealed names. The bytes are encrypted in the object store."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from intake.attachments.codes import AttachmentState
from intake.base import IntakeModel
from shared.enum_column import EnumColumn

UNCLAIMED = text("appeal_id IS NULL")


class Attachment(IntakeModel, table=True):
    """A file, from the beginning of its upload. Without an appeal it is unclaimed, and deleted after `kept_hours`."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_appeal", "appeal_id", "created_at"),
        Index("ix_attachment_state", "state", "id"),
        Index("ix_attachment_unclaimed", "owner", "size", sqlite_where=UNCLAIMED, postgresql_where=UNCLAIMED),
    )

    id: UUID = Field(primary_key=True)
    appeal_id: UUID | None = Field(foreign_key="appeal.id")
    message_id: UUID | None
    """The message it was sent with; None: it was sent with the appeal itself."""
    state: AttachmentState = Field(sa_column=Column(EnumColumn(AttachmentState), nullable=False))
    declared: str | None
    """The kind that the sender's media type names."""
    kind: str | None
    """The kind found by the inspection; None while it is being received."""
    length: int | None
    """Announced size in bytes; None if it was not announced."""
    size: int
    """Received bytes."""
    pieces: list[list[Any]] = Field(sa_column=Column(JSON, nullable=False))
    """The objects of the file in order: name and size in bytes of each."""
    key: bytes
    """Sealed: the key that encrypts its bytes."""
    name: bytes | None
    """Sealed: the file's name as given; once the file is accepted, a safe name."""
    token: bytes | None
    """Keyed hash of the secret that continues and claims the upload."""
    owner: bytes | None
    """Keyed hash of the sender in whose quota it counts until an appeal claims it; None: it counts in no sender's quota."""
    created_at: datetime = Field(index=True)
    scan_attempts: int = Field(0, sa_column_kwargs={"server_default": "0"})
    """Attempts to scan it without a verdict, the current one included."""
    scan_after: datetime | None = None
    """When a file whose scan failed is due again."""
