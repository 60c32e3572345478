"""The tables of files: codes, sizes and sealed names. The bytes are encrypted in the object store; those of documents are intake's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from shared.files.models import StoredFile

UNCLAIMED = text("response_id IS NULL")


class AnswerFile(ProviderContactModel, StoredFile, table=True):
    """A file of a provider for one inquiry. Without an answer it is unclaimed, and deleted after `kept_hours`."""

    __tablename__ = "answer_file"
    __table_args__ = (
        Index("ix_answer_file_response", "response_id", "created_at"),
        Index("ix_answer_file_state", "state", "id"),
        Index("ix_answer_file_unclaimed", "owner", "inquiry_id", sqlite_where=UNCLAIMED, postgresql_where=UNCLAIMED),
    )

    inquiry_id: UUID
    provider_id: UUID
    response_id: UUID | None
    """The answer that it was sent with; None: it was not sent yet."""


class ShownDocument(ProviderContactModel, table=True):
    """A document of an appeal that a clerk chose for the provider of an inquiry. Its name and its bytes are intake's."""

    __tablename__ = "shown_document"

    inquiry_id: UUID = Field(primary_key=True)
    attachment_id: UUID = Field(primary_key=True)
    chosen_by: str
    """The subject of the clerk's token."""
    chosen_at: datetime
