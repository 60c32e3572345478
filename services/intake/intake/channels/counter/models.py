"""What is registered at a counter: by whom, and under which name that person stands on talons."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from intake.base import IntakeModel


class Reception(IntakeModel, table=True):
    """An appeal that was handed in or said at a counter."""

    __tablename__ = "reception"
    __table_args__ = (Index("ix_reception_receiver", "receiver", "appeal_id"),)

    appeal_id: UUID = Field(primary_key=True)
    way: str
    """A code of `data/counter_ways.csv`."""
    receiver: bytes
    """Keyed hash of the issuer and subject of the token of whoever registered it."""
    at: datetime


class Receiver(IntakeModel, table=True):
    """The name of somebody whose token says none, as talons have it (АППК art. 64(2)): asked for once."""

    __tablename__ = "receiver"

    key: bytes = Field(primary_key=True)
    """Keyed hash of the token's issuer and subject."""
    name: bytes
    """Sealed."""
