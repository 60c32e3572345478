"""Requests and responses of figures."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.domain.regions import regions
from shared.http import StrictModel

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _iso_day(value: object) -> date:
    """Accept only the form `2025-01-31`: pydantic by itself would read a number of seconds as a date."""
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


_DAY_SCHEMA = {"type": "string", "format": "date"}  # JSON Schema has no limits of dates; pydantic would write `ge` and `le`
Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY), WithJsonSchema(_DAY_SCHEMA)]
RegionCode = Annotated[str, AfterValidator(_known_region)]


class KpiQuery(StrictModel):
    """Days inclusive, local to the region of each appeal; without a region everything that the client may see."""

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


class AliasedModel(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Part(BaseModel):
    """A part of a figure; the values of all parts add up to the figure. `share` is in per cent of it, rounded half up."""

    code: str
    value: int | None
    share: float | None
    suppressed: bool
    kk: str
    ru: str
    en: str


class Comparison(AliasedModel):
    """The same whole months a year before, or for other periods the same dates. `change_percent` is null if the value was 0 then."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    value: int | float | None
    change: int | float | None
    change_percent: float | None
    suppressed: bool


class Figure(AliasedModel):
    """A figure. `n` is the size of its cohort, `as_of` the time of the newest event in it.

    `suppressed`: the figure is too small to be published, and its value is null.
    """

    id: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    region: str | None
    as_of: datetime
    metric_version: int
    unit: str
    value: int | float | None
    """A whole number of appeals or calls, or an average in seconds or points, or per cent, with one decimal. Null if none was counted."""
    n: int | None
    suppressed: bool
    parts: list[Part]
    comparison: Comparison | None
