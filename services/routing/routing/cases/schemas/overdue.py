"""Overdue clocks as their reports list them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OverdueRecord:
    """A case with one of its overdue clocks, as an overdue report lists it."""

    appeal_id: UUID
    number: str
    kind: str
    category: str | None
    topic: str | None
    region: str
    tier: int
    language: str
    assignee: str | None
    clock_id: UUID
    policy: str
    due_at: datetime
