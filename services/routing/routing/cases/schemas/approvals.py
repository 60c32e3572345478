"""Actions that wait for a second person: the request, its decision, and what a reader sees of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, JsonValue, WithJsonSchema

from routing.cases.codes import ApprovalDecision

ApprovalDecisionText = Annotated[ApprovalDecision, WithJsonSchema({"type": "string"})]  # clients must accept new codes


@dataclass(slots=True)
class ApprovalRecord:
    """A request as it is stored. `content` is the sealed body of the action, `refusal` a sealed `ExtensionContent`."""

    request_id: UUID
    appeal_id: UUID
    at: datetime
    action: str
    rule: str
    content: bytes
    actor_role: str
    actor: str
    decision: ApprovalDecision | None = None
    decided_at: datetime | None = None
    decided_role: str | None = None
    decided_by: str | None = None
    refusal: bytes | None = None


class ApprovalView(BaseModel):
    """An action that waited for a second person. `decision`: APPROVED, REJECTED, WITHDRAWN or LAPSED, null while it waits."""

    request_id: UUID
    action: str
    rule: str
    """The row of the policy by which the action needs a second person."""
    requested_at: datetime
    requested_by: str
    requested_by_role: str
    fields: dict[str, JsonValue]
    """The fields of the action as they were sent."""
    decision: ApprovalDecisionText | None
    decided_at: datetime | None
    decided_by: str | None
    decided_by_role: str | None
    refusal: str | None
    """Why it was rejected or withdrawn."""
