"""Reports on a service with the published year of Kyzylorda."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from analytics.kpis.schemas import Compare
from analytics.reports.jobs import issue_next
from analytics.reports.schemas import ReportContent, ReportQuery
from analytics.reports.service import ReportDocument, ReportPeriod, Wording, measure, order, read, written
from tests.analytics.reports.statistics import kyzylorda_2024, kyzylorda_2025, store

Issue = Callable[..., Awaitable[None]]


@pytest.fixture
async def kyzylorda(world: Any) -> Any:
    """The year 2025 of Kyzylorda and the complaints of 2024."""
    await store(world, [*kyzylorda_2025(), *kyzylorda_2024()])
    return world


@pytest.fixture
def issue(world: Any) -> Issue:
    """`await issue("KZ-43", "2025")`: orders a report and lets a worker compute it."""

    async def run(region: str = "KZ-43", period: str = "2025", compare: Compare = Compare.PREVIOUS_YEAR) -> None:
        async with world.parts.units.write() as work:
            await order(work, region, ReportPeriod.of_code(period), compare)
        assert await issue_next(world.parts.units)

    return run


async def content_of(world: Any, region: str = "KZ-43", period: str = "2025", compare: Compare = Compare.PREVIOUS_YEAR) -> ReportContent:
    """Return the content of a report as the figures are now."""
    async with world.parts.units.read() as work:
        return await measure(work, region, ReportPeriod.of_code(period), compare)


async def document_of(world: Any, language: Any = "kk", region: str = "KZ-43", period: str = "2025", **query: Any) -> ReportDocument:
    """Return a report as it is read now."""
    async with world.parts.units.read() as work:
        found = await read(work, region, ReportPeriod.of_code(period), ReportQuery(language=language, **query))
    return written(found, Wording(language))


def texts_of(document: ReportDocument) -> str:
    """Return all sentences of a report."""
    return (
        "\n".join(paragraph for section in document.sections for paragraph in section.paragraphs)
        .replace("\u202f", " ")
        .replace("\u00a0", " ")
    )


def cells_of(document: ReportDocument, caption: str) -> dict[str, tuple[str, ...]]:
    """Return the rows of a table by their names."""
    rows = next(table.rows for section in document.sections for table in section.tables if table.caption == caption)
    return {row[0]: tuple(cell.replace("\u202f", " ").replace("\u00a0", " ") for cell in row[1:]) for row in rows}
