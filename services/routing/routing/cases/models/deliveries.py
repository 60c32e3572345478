"""The table of the proofs that other bodies received appeals."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field

from routing.base import RoutingModel


class BodyDelivery(RoutingModel, table=True):
    """The proof that an appeal reached the body to which it was passed on. `content` is a sealed `ProofContent`."""

    __tablename__ = "body_delivery"

    delivery_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    body: str
    """A code of `bodies.csv`."""
    method: str
    """A code of `body_delivery_methods.csv`."""
    delivered_on: date
    """The local day on which it arrived."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str
