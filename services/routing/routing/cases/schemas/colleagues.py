"""Members of staff as clients see them, with what they have to do, and their absence."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

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

    `absent_until`: the day of return, None for a colleague who is not absent now. `present`: in a shift now. What is assigned by rule:
    up to `capacity` open cases of these `tiers` in these `languages` (None: all).
    """

    subject: str
    name: str | None
    role: str
    region: str | None
    open: int
    overdue: int
    absent_until: date | None
    capacity: int
    languages: list[str] | None
    tiers: list[int]
    present: bool


class SetAbsence(StrictModel):
    """An absence: without `subject` of the sender; from today or a later day until the day of return, which is null to end it."""

    subject: ShortText | None = None
    absent_from: Annotated[date | None, Field(description="The first local day; null: today, or whichever absence runs today.")] = None
    absent_until: Annotated[date | None, Field(description="The local day of return; null ends the absence.")]
    deputy: Annotated[ShortText | None, Field(description="The subject of the colleague who stands in.")] = None


class ColleagueRow(TypedDict):
    """A row of `colleague`."""

    subject: str
    name: str | None
    role: str
    region: str | None
    seen_on: date
