"""Requests and responses of figures."""

from collections.abc import Callable, Container
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from analytics.facts.schemas import CohortFilters
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.http import DEFAULT_LIMIT, QueryModel

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


def _one_of(codes: Callable[[], Container[object]]) -> AfterValidator:
    def check(code: object) -> object:
        if code not in codes():
            raise PydanticCustomError("unknown_code", "The value is not one of the known codes.")
        return code

    return AfterValidator(check)


_DAY_SCHEMA = {"type": "string", "format": "date"}  # JSON Schema has no limits of dates; pydantic would write `ge` and `le`
Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY), WithJsonSchema(_DAY_SCHEMA)]
RegionCode = Annotated[str, _one_of(regions)]
ChannelCode = Annotated[str, _one_of(lambda: taxonomy().channels)]
KindCode = Annotated[str, _one_of(lambda: taxonomy().kinds)]
CategoryCode = Annotated[str, _one_of(lambda: taxonomy().categories)]
TopicCode = Annotated[str, _one_of(lambda: taxonomy().topics)]
TierNumber = Annotated[int, _one_of(lambda: taxonomy().tiers)]


class Compare(StrEnum):
    """What a period is compared with."""

    PREVIOUS_PERIOD = "previous_period"
    PREVIOUS_YEAR = "previous_year"


class CohortQuery(QueryModel):
    """Days inclusive, local to the region of each appeal; without a region everything that the client may see."""

    first: Day = Field(alias="from", examples=["2025-01-01"])
    last: Day = Field(alias="to", examples=["2025-12-31"])
    region: RegionCode | None = Field(None, examples=["KZ-43"])
    channel: ChannelCode | None = None
    kind: KindCode | None = None
    category: CategoryCode | None = None
    """Includes the categories below it."""
    topic: TopicCode | None = None
    tier: TierNumber | None = None
    provider_id: UUID | None = None
    district: str | None = Field(None, max_length=100)
    """The district of the provider."""
    language: Language | None = None

    @property
    def filters(self) -> CohortFilters:
        """Return what narrows the cohort."""
        return CohortFilters(**{name: getattr(self, name) for name in CohortFilters.__dataclass_fields__})


class KpiQuery(CohortQuery):
    compare: Compare | None = None
    group_by: (
        Literal["month", "quarter", "region", "channel", "category", "kind", "topic", "tier", "language", "provider", "district"] | None
    ) = None


class TrendQuery(CohortQuery):
    kpi: str = Field(max_length=100, examples=["received"])
    interval: Literal["day", "week", "month"]


class AppealsQuery(CohortQuery):
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class CountedAppeal(BaseModel):
    """An appeal that a figure counts. `number` is null for appeals counted before their numbers were stored."""

    appeal_id: UUID
    number: str | None


class KpiEntry(BaseModel):
    id: str
    kk: str
    ru: str
    en: str
    unit: str
    metric_version: int
    grain: str
    """What is counted: appeals, calls or questions."""
    direction: str
    """Where the figure should go: up, down or none."""
    minimum_n: int
    """A share, average or percentile of fewer is null."""


class AliasedModel(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Part(BaseModel):
    """A part of a figure. The values of all parts of a count add up to it; `share` is in per cent of it, rounded half up.

    A part of a share or an average has no `share`: it is computed from the `n` appeals, calls or questions of the part alone.
    """

    code: str
    value: int | float | None
    share: float | None
    n: int | None
    suppressed: bool
    kk: str
    ru: str
    en: str


class Comparison(AliasedModel):
    """The period before or the same period of the year before: whole months with whole months, other periods by day.

    `change_percent` is null if the value was 0 then.
    """

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    value: int | float | None
    change: int | float | None
    change_percent: float | None
    suppressed: bool


class MissingNumbers(BaseModel):
    """Why a figure for 10 000 people has no value: no source gives the number of people attached, or insured, in these regions."""

    code: Literal["people-unknown"] = "people-unknown"
    regions: list[str]


class Figure(AliasedModel):
    """A figure. `n` is the size of its cohort, `as_of` the time of the newest event in it.

    `suppressed`: the figure is too small to be published, or computed from fewer than its `minimum_n`, and its value is null.
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
    params_ignored: list[str]
    """The names of given parameters that do not change this figure."""
    missing: MissingNumbers | None = None
    """What the value cannot be computed without."""


class Point(AliasedModel):
    """The value of a figure in a day, week or month; the first and the last of them are cut at the ends of the period."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    value: int | float | None
    n: int
    suppressed: bool


class Trend(BaseModel):
    """The points of a figure, oldest first."""

    kpi: str
    unit: str
    metric_version: int
    as_of: datetime
    points: list[Point]
    params_ignored: list[str]
    missing: MissingNumbers | None = None
