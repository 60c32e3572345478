"""The table of the actions that wait for a second person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field

from routing.base import RoutingModel
from routing.cases.codes import ApprovalDecision
from shared.enum_column import EnumColumn


class ApprovalRequest(RoutingModel, table=True):
    """An action that waits for a second person, and the decision. `content` is the sealed body of the action."""

    __tablename__ = "approval_request"

    request_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    at: datetime
    action: str
    rule: str
    """The row of `approvals.csv` by which the action needs a second person."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_role: str
    actor: str
    decision: ApprovalDecision | None = Field(sa_column=Column(EnumColumn(ApprovalDecision)))
    decided_at: datetime | None
    decided_role: str | None
    decided_by: str | None
    refusal: bytes | None
    """Why it was rejected or withdrawn, sealed."""
