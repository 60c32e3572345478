"""Tables of the portal: what belongs to a person of a provider, and to the provider. `bytes` columns are sealed values."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from provider_contact.base import ProviderContactModel


class InquiryVisit(ProviderContactModel, table=True):
    """The version of an inquiry that a person last opened: a later one is marked as unread in that person's inbox."""

    __tablename__ = "inquiry_visit"

    account_id: UUID = Field(primary_key=True)
    inquiry_id: UUID = Field(primary_key=True)
    version: int


class ResponseDraft(ProviderContactModel, table=True):
    """What a person typed into the forms of an inquiry and has not sent. `content` is a sealed JSON object of the fields."""

    __tablename__ = "response_draft"
    __table_args__ = (UniqueConstraint("account_id", "inquiry_id", name="uq_response_draft"),)

    draft_id: UUID = Field(primary_key=True)
    account_id: UUID
    inquiry_id: UUID
    version: int
    saved_at: datetime
    content: bytes


class OwnTemplate(ProviderContactModel, table=True):
    """An answer template of the provider's own, for all its colleagues."""

    __tablename__ = "own_template"
    __table_args__ = (Index("ix_own_template_provider", "provider_id", "template_id"),)

    template_id: UUID = Field(primary_key=True)
    provider_id: UUID
    language: str
    title: bytes
    body: bytes
    written_by: UUID
    """The account of its last author."""
    saved_at: datetime


class RegisteredStatement(ProviderContactModel, table=True):
    """An appeal that an officer of the provider registered at its counter (channel SPP)."""

    __tablename__ = "statement"
    __table_args__ = (Index("ix_statement_provider", "provider_id", "registered_at", "appeal_id"),)

    appeal_id: UUID = Field(primary_key=True)
    provider_id: UUID
    registered_at: datetime
    due_at: datetime
