"""What the figures' API takes and gives."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from analytics.periods import FIRST_DAY, LAST_DAY
from shared.domain.regions import regions
from shared.http import StrictModel


def _iso_day(value: object) -> date:
    """Only `2025-01-31`: pydantic by itself would take a number of seconds for a date."""
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        day = None
    if day is None or day.isoformat() != str(value):
        raise PydanticCustomError("bad_format", "The value has the wrong form.")
    return day


def _known_region(code: str) -> str:
    if code not in regions():
        raise PydanticCustomError("unknown_code", "The value is not one of the known codes.")
    return code


Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY)]
RegionCode = Annotated[str, AfterValidator(_known_region)]


class KpiQuery(StrictModel):
    """Days inclusive, local to the region of each appeal; without a region all that the client may see."""

    first: Day = Field(alias="from", examples=["2025-01-01"])
    last: Day = Field(alias="to", examples=["2025-12-31"])
    region: RegionCode | None = Field(None, examples=["KZ-43"])
    compare: Literal["previous_year"] | None = None


class KpiEntry(BaseModel):
    id: str
    kk: str
    ru: str
    en: str
    unit: str
    metric_version: int


class _Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Part(BaseModel):
    """What the figure consists of; the values of all parts add up to it. `share` is in per cent of the whole, rounded half up."""

    code: str
    value: int | None
    share: float | None
    suppressed: bool
    kk: str
    ru: str
    en: str


class Comparison(_Aliased):
    """The same whole months a year before, or for other spans the same dates. `change_percent` is null when there was nothing then."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    value: int | float | None
    change: int | float | None
    change_percent: float | None
    suppressed: bool


class Figure(_Aliased):
    """A figure. `n` is the size of the cohort it is taken from, `as_of` the time of the newest event in it.

    `suppressed`: the figure itself is too small to be published, and its value is null.
    """

    id: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    region: str | None
    as_of: datetime
    metric_version: int
    unit: str
    value: int | float | None
    """A whole number of appeals or calls; an average in seconds or points, or per cent, with one decimal, null of nothing."""
    n: int | None
    suppressed: bool
    parts: list[Part]
    comparison: Comparison | None


class InTime(BaseModel):
    """`value`: in per cent of `n`, null when there is nothing to measure."""

    value: float | None
    n: int


class LiveStatus(BaseModel):
    """What everybody may know: whether the figures are kept up, and until when events are counted."""

    ready: bool
    as_of: datetime


class Live(LiveStatus):
    """How things stand now, for staff, analysts and admins. Days are those of Asia/Almaty."""

    received_today: int
    received_yesterday_by_now: int
    answered_in_time_30d: InTime
    in_progress: int
    urgent_open: int
