"""Members of staff as clients see them, with what they have to do, and their absence."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from routing.cases.schemas.views import ColleagueView
from shared.http import ShortText, StrictModel


@dataclass(frozen=True, slots=True)
class Workload:
    """The open cases of a colleague that a reader sees, and how many of them are overdue."""

    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class UserView(ColleagueView):
    """A person who has used the desk, with the day of the latest visit."""

    seen_on: date


class ColleagueItem(BaseModel):
    """A member of staff. `open` and `overdue` count the open cases that the reader sees, as the list with `assignee` and `open` does.

    `absent_until`: the day of return, None for a colleague who is not absent now.
    """

    subject: str
    name: str | None
    role: str
    region: str | None
    open: int
    overdue: int
    absent_until: date | None


class SetAbsence(StrictModel):
    """An absence: without `subject` of the sender; until the day of return, or null to end it."""

    subject: ShortText | None = None
    absent_until: Annotated[date | None, Field(description="The local day of return; null ends the absence.")]
