"""Extensions of the statutory term: requests with their decisions, and the deputies who may decide in the place of the head."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, WithJsonSchema

from routing.cases.codes import ExtensionDecision
from routing.cases.schemas.fields import Remark
from shared.http import StrictModel

DecisionText = Annotated[ExtensionDecision, WithJsonSchema({"type": "string"})]  # clients must accept new codes


class ExtensionContent(StrictModel):
    """Why an extension is needed, or was refused; it is stored sealed."""

    reason: Remark


@dataclass(slots=True)
class ExtensionRecord:
    """A request as it is stored; `content` and `refusal` are each a sealed `ExtensionContent`."""

    request_id: UUID
    appeal_id: UUID
    at: datetime
    until: date
    content: bytes
    actor_role: str
    actor: str
    decision: ExtensionDecision | None = None
    decided_at: datetime | None = None
    decided_role: str | None = None
    decided_by: str | None = None
    refusal: bytes | None = None


class ExtensionView(BaseModel):
    """A request to extend the statutory term. `decision`: APPROVED, REJECTED or WITHDRAWN, null while it waits."""

    request_id: UUID
    requested_at: datetime
    requested_by: str
    requested_by_role: str
    until: date
    reason: str
    decision: DecisionText | None
    decided_at: datetime | None
    decided_by: str | None
    decided_by_role: str | None
    refusal: str | None
    """Why it was rejected."""


@dataclass(frozen=True, slots=True)
class DeputyRecord:
    """An appointed deputy of the head of a region, from a day or at once until the last day, both local to the region."""

    region: str
    subject: str
    starts_on: date | None
    until: date
    appointed_by: str
    appointed_at: datetime


@dataclass(frozen=True, slots=True)
class DeputyView:
    """A deputy by name. `starts_on`: the first day, None for an appointment that began when it was made."""

    subject: str
    name: str | None
    starts_on: date | None
    until: date
