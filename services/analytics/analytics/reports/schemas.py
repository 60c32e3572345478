"""Requests of reports, and the content that an issued report stores: codes and numbers, no texts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from analytics.kpis.schemas import Compare, Figure
from analytics.reports.policy import ReportLanguage
from shared.http import QueryModel

Number = int | float


class ReportState(StrEnum):
    """The states of a report that was ordered."""

    QUEUED = "QUEUED"
    READY = "READY"
    REFUSED = "REFUSED"
    """Its figures contradict each other."""
    FAILED = "FAILED"
    """Several attempts to compute it broke off."""


def _iso_moment(value: object) -> datetime:
    """Accept only an ISO 8601 time, as `kpis.schemas` does with days: pydantic would read a number of seconds as a time."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise PydanticCustomError("bad_format", "The value has the wrong form.") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_iso_moment)]


class ReportQuery(QueryModel):
    """How a report is read."""

    language: ReportLanguage = "kk"
    compare: Compare = Compare.PREVIOUS_YEAR
    issue: int | None = Field(None, ge=1, le=1_000_000)
    """The number of an issue; without it the latest, and before the first issue the figures as they are now."""
    as_of: Moment | None = Field(None, examples=["2026-02-05T12:00:00Z"])
    """Only issues until this time: the latest of them is what the report said then."""


class ReportPart(BaseModel):
    """A part of a figure."""

    model_config = ConfigDict(frozen=True)

    code: str
    value: Number | None


class ReportNumbers(BaseModel):
    """A figure of a period, with its parts."""

    model_config = ConfigDict(frozen=True)

    metric_version: int
    value: Number | None
    n: int | None
    parts: tuple[ReportPart, ...] = ()

    @classmethod
    def of(cls, figure: Figure) -> Self:
        """Return what a report stores of a figure."""
        parts = tuple(ReportPart(code=part.code, value=part.value) for part in figure.parts)
        return cls(metric_version=figure.metric_version, value=figure.value, n=figure.n, parts=parts)

    def part(self, code: str) -> int:
        """Return the number of a part, 0 for one that is not there."""
        return next((int(part.value or 0) for part in self.parts if part.code == code), 0)


class ReportContent(BaseModel):
    """The figures of a report: those of its period and of the period before, by code."""

    model_config = ConfigDict(frozen=True)

    region: str
    period: str
    compare: Compare
    as_of: datetime
    figures: dict[str, ReportNumbers]
    before: dict[str, ReportNumbers]


class ReportChange(BaseModel):
    """A number that differs from the issue before. `part` is None for the figure itself; None as a number: there was or is none."""

    model_config = ConfigDict(frozen=True)

    figure: str
    part: str | None
    before: Number | None
    now: Number | None


class PreviousIssue(BaseModel):
    """The issue before, and what has changed since."""

    model_config = ConfigDict(frozen=True)

    issue: int
    issued_at: datetime
    changes: tuple[ReportChange, ...]


class ReportContradiction(BaseModel):
    """A printed number that does not follow from the others."""

    claim: str
    stated: str
    computed: str | None
    explanation_kk: str
    explanation_ru: str


class StoredReport(BaseModel):
    """A report that was ordered. `issue` and what follows it are those of a report that is ready."""

    model_config = ConfigDict(frozen=True)

    report_id: UUID
    region: str
    period: str
    compare: Compare
    state: ReportState
    done: int
    total: int
    ordered_at: datetime
    issue: int | None
    issued_at: datetime | None
    content: ReportContent | None
    previous: PreviousIssue | None
    contradictions: tuple[ReportContradiction, ...]
