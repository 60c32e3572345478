"""The proofs that appeals reached the bodies to which they were passed on."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A proof as it is stored; `content` is a sealed `ProofContent`."""

    delivery_id: UUID
    appeal_id: UUID
    at: datetime
    body: str
    method: str
    delivered_on: date
    content: bytes
    actor_role: str
    actor: str


class DeliveryView(BaseModel):
    """The proof that a body received the appeal, opened for an entitled reader. `reference`: its incoming number, or who signed for it."""

    body: str
    method: str
    delivered_on: date
    reference: str
    recorded_at: datetime
