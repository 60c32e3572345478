"""Sections and charts of figures that a test writes down, without a database."""

from datetime import UTC, date, datetime

from analytics.dashboard.service.chart import Chart, Shape
from analytics.dashboard.service.choices import Choice
from analytics.dashboard.service.lines import Line
from analytics.dashboard.service.reading import Reading
from analytics.dashboard.service.sections import Sections
from analytics.facts.schemas import CohortFilters
from analytics.kpis.schemas import Compare, Comparison, Figure
from analytics.kpis.service import FigureRequest, Period, View, kpi_definitions

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
BEFORE = {"first": date(2024, 1, 1), "last": date(2024, 12, 31), "suppressed": False}


def figure(kpi_id: str, value: float | None, before: float | None = None, percent: float | None = None, n: int | None = None) -> Figure:
    """Return a figure of 2025, compared with 2024 if `before` is given."""
    change = None if before is None or value is None else value - before
    comparison = None if before is None else Comparison(**BEFORE, value=before, change=change, change_percent=percent)
    return Figure(
        id=kpi_id, first=FIRST, last=LAST, region=None, as_of=datetime(2026, 1, 1, tzinfo=UTC), metric_version=1,
        unit=kpi_definitions()[kpi_id].unit, value=value, n=n, suppressed=False, parts=[], comparison=comparison, params_ignored=[],
    )  # fmt: skip


def sections(
    *figures: Figure,
    compare: Compare = Compare.PREVIOUS_YEAR,
    sees_appeals: bool = False,
    filters: dict[str, str] | None = None,
    region: str | None = None,
) -> Sections:
    """Return the sections of figures in English."""
    view = View(public=False, sees_appeals=sees_appeals)
    request = FigureRequest(Period(FIRST, LAST), region, compare, CohortFilters(**(filters or {})))
    reading = Reading(request, view, {each.id: each for each in figures}, {}, {})
    return Sections(reading, Choice(period="2025", compare=compare, filters=filters or {}), "en", lambda text: text)


def chart(chart_id: str, *lines: Line) -> Chart:
    """Return a chart of bars with lines."""
    return Chart(chart_id, "", "", "", Shape.BARS, lines)


def plain(text: str) -> str:
    """Return a text with ordinary spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
