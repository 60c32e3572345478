"""The people behind the desk: how much they work on, what they can do, when they work, and which queues are assigned by rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12

from routing.cases.policy import MOST_CASES
from shared.contracts.routing import UNSORTED_QUEUE
from shared.domain.labels import LANGUAGES
from shared.domain.protection import Protection
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, taxonomy
from shared.http import ShortText, StrictModel

DAYS: Final = 7
PROTECTED_QUEUE: Final = "protected"
PLANNED: Final = 20  # absences of one person that run or are planned
Skill = Literal["kk", "ru", "en"]


def queue_of(region: str, tier: int, language: str, *, unsorted: bool = False, protected: bool = False) -> str:
    """Return the name of a queue: branch, tier and language (`KZ-43/2/kk`), or that of unsorted appeals (`KZ-43/unsorted/kk`).

    The protected cases of all branches wait in those of the central office (`KZ-00/protected/kk`).
    """
    if protected:
        return f"{CENTRAL_OFFICE}/{PROTECTED_QUEUE}/{language}"
    return f"{region}/{UNSORTED_QUEUE if unsorted else tier}/{language}"


class AbsenceCodes(TypedDict):
    """An absence as it is stored: local days in ISO 8601, and the subject of the colleague who stands in."""

    first_day: str
    return_on: str
    deputy: str | None


class ShiftCodes(TypedDict):
    """The shift of a day as it is stored: local times in hours and minutes."""

    begins: str
    ends: str


class Absence(NamedTuple):
    """An absence from its first day until the day of return, which is worked. `deputy`: the subject of who stands in."""

    first_day: date
    return_on: date
    deputy: str | None

    def codes(self) -> AbsenceCodes:
        """Return the absence as it is stored."""
        return {"first_day": self.first_day.isoformat(), "return_on": self.return_on.isoformat(), "deputy": self.deputy}


def absences_of(stored: Sequence[AbsenceCodes] | None) -> list[Absence]:
    """Return stored absences, the earliest first."""
    return [
        Absence(date.fromisoformat(codes["first_day"]), date.fromisoformat(codes["return_on"]), codes["deputy"]) for codes in stored or ()
    ]


class Shift(NamedTuple):
    """The hours of a day, local to the region of the colleague."""

    begins: time
    ends: time


LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Hours and minutes of the branch. The format `time` of JSON Schema has seconds and an offset."""


class ShiftIn(StrictModel):
    """The shift of one day of the week."""

    begins: LocalTime
    ends: LocalTime


def _whole(shifts: list[ShiftIn | None] | None) -> list[ShiftIn | None] | None:
    """Raise ValueError for a shift that ends before it begins."""
    if any(shift.begins >= shift.ends for shift in shifts or () if shift is not None):
        raise ValueError("A shift ends after it begins, on the same day.")
    return shifts


def _each_once(values: list[int] | list[str] | None) -> list[int] | list[str] | None:
    if values is not None and any(first == second for first, second in pairwise(sorted(values, key=str))):
        raise ValueError("Name each of them once.")
    return values


class SetStaffing(StrictModel):
    """What is assigned to a colleague by rule, and when the colleague works. Null: as usual for the role and the branch."""

    subject: ShortText
    capacity: Annotated[int | None, Field(ge=0, le=MOST_CASES, description="Open cases at once; 0: none are assigned by rule.")] = None
    languages: Annotated[list[Skill] | None, Field(min_length=1, max_length=len(LANGUAGES)), AfterValidator(_each_once)] = None
    tiers: Annotated[
        list[Annotated[int, Field(ge=LOWEST_TIER, le=HIGHEST_TIER)]] | None,
        Field(min_length=1, max_length=HIGHEST_TIER),
        AfterValidator(_each_once),
    ] = None
    shifts: Annotated[
        list[ShiftIn | None] | None,
        Field(min_length=DAYS, max_length=DAYS, description="From Monday to Sunday; null: a day without a shift."),
        AfterValidator(_whole),
    ] = None
    works_here: Annotated[bool, Field(description="False: the colleague has left the team, and gets no cases.")] = True


class Destination(StrEnum):
    """Where the open cases of a colleague go. SHARED: to those who are present, by the rule of assignment; the rest to the queues."""

    QUEUE = "QUEUE"
    SHARED = "SHARED"
    DEPUTY = "DEPUTY"
    """To the colleague who stands in during the absence."""


class Reassign(StrictModel):
    """Take all open cases from a colleague."""

    subject: ShortText
    to: Destination
    leaves: Annotated[bool, Field(description="The colleague leaves the team, and gets no cases any more.")] = False


class Reassigned(BaseModel):
    """What became of the open cases of a colleague. `held`: an answer waits to be sent, and the case stays with its author."""

    cases: int
    assigned: int
    queued: int
    held: int


class SetAutomatic(StrictModel):
    """Whether the cases of a queue are assigned by rule."""

    queue: ShortText
    automatic: bool


class QueueItem(BaseModel):
    """A queue of a region. `waiting`: its open cases without an assignee; `able`: colleagues who may get one of them now."""

    queue: str
    region: str
    automatic: bool
    waiting: int
    able: int


class QueueName(NamedTuple):
    """The parts of the name of a queue. `tier`: None for a queue of unsorted appeals. `protected`: that of protected cases."""

    region: str
    tier: int | None
    language: str
    protected: bool = False

    @classmethod
    def read(cls, queue: str) -> "QueueName":
        """Return the parts of a name. Raises ValueError for anything that is not one."""
        region, tier, language = queue.split("/")
        if tier == PROTECTED_QUEUE:
            name = cls(region, HIGHEST_TIER, language, protected=True)
        else:
            name = cls(region, None if tier == UNSORTED_QUEUE else int(tier), language)
        if region not in regions() or language not in LANGUAGES or str(name) != queue or name.tier not in (None, *taxonomy().tiers):
            raise ValueError
        return name

    @property
    def tiers(self) -> Sequence[int]:
        """The tiers of the cases in the queue: unsorted ones may have any."""
        return sorted(taxonomy().tiers) if self.tier is None else [self.tier]

    @property
    def protection(self) -> str | None:
        """The protection of most cases in the queue."""
        return Protection.SENSITIVE if self.protected else None

    def __str__(self) -> str:
        return queue_of(self.region, self.tier or LOWEST_TIER, self.language, unsorted=self.tier is None, protected=self.protected)


class WaitingCase(NamedTuple):
    """An unassigned case of a queue that is assigned by rule, as far as the rule looks at it."""

    appeal_id: UUID
    version: int
    queue: str
    region: str
    tier: int
    language: str
    protection: str | None


class WaitingCount(NamedTuple):
    """How many unassigned open cases a queue has."""

    queue: str
    cases: int


class QueueRow(TypedDict):
    """A row of `queue_setting`."""

    queue: str
    region: str
    automatic: bool
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """The load of a colleague against the fair share: what the colleague would have if those with the same skills shared by capacity.

    `fair`: None for a colleague who gets no cases by rule, or is absent.
    """

    capacity: int
    fair: float | None
