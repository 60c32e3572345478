"""The issues of a case as they are stored: in codes, with the sealed texts of their findings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12


class IssueCodes(TypedDict):
    """An issue of a case in codes. `outcome`: None without a finding; `reason` and `lawful`: of a refusal of care, None without one."""

    issue_id: str
    category: str
    outcome: str | None
    reason: str | None
    lawful: bool | None


MAIN_ISSUE: Final = "issue"


def new_issue(issue_id: UUID, category: str) -> IssueCodes:
    """Return an issue without a finding."""
    return {"issue_id": str(issue_id), "category": category, "outcome": None, "reason": None, "lawful": None}


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """The texts of the finding on an issue as they are stored; `content` is a sealed `FindingContent`."""

    issue_id: UUID
    appeal_id: UUID
    at: datetime
    content: bytes
    actor_role: str
    actor: str
