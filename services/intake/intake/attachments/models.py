"""The table of attachments: codes, sizes and sealed names. The bytes are encrypted in the object store."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from intake.base import IntakeModel
from shared.files.models import StoredFile

UNCLAIMED = text("appeal_id IS NULL")


class Attachment(IntakeModel, StoredFile, table=True):
    """A file, from the beginning of its upload. Without an appeal it is unclaimed, and deleted after `kept_hours`."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_appeal", "appeal_id", "created_at"),
        Index("ix_attachment_state", "state", "id"),
        Index("ix_attachment_unclaimed", "owner", "size", sqlite_where=UNCLAIMED, postgresql_where=UNCLAIMED),
    )

    appeal_id: UUID | None = Field(foreign_key="appeal.id")
    message_id: UUID | None
    """The message it was sent with; None: it was sent with the appeal itself."""
    token: bytes | None
    """Keyed hash of the secret that continues and claims the upload."""
