"""Corrections of the classification, as they are stored."""

from datetime import datetime
from uuid import UUID

from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12


class SubjectCodes(TypedDict):
    """What a case is about, before or after a correction."""

    kind: str
    statutory_form: str
    category: str | None
    topic: str | None
    tier: int


class CorrectionRow(TypedDict):
    """A new row of `correction`."""

    id: UUID
    appeal_id: UUID
    at: datetime
    actor_role: str
    actor: str
    before: SubjectCodes
    after: SubjectCodes
