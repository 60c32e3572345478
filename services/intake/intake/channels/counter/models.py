"""Tables of the counter channel: who registered an appeal, and the names of these persons for talons."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from intake.base import IntakeModel


class Reception(IntakeModel, table=True):
    """An appeal that was submitted at a counter, in writing or orally."""

    __tablename__ = "reception"
    __table_args__ = (Index("ix_reception_receiver", "receiver", "appeal_id"),)

    appeal_id: UUID = Field(primary_key=True)
    intake_method: str
    """A code of `data/intake_methods.csv`."""
    receiver: bytes
    """Keyed hash of the issuer and subject of the token that registered the appeal."""
    at: datetime


class Receiver(IntakeModel, table=True):
    """The name for talons (АППК art. 64(2)) of a person whose token has no name. The counter asks for it once."""

    __tablename__ = "receiver"

    key: bytes = Field(primary_key=True)
    """Keyed hash of the token's issuer and subject."""
    name: bytes
    """Sealed."""
