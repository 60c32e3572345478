"""The data and the picture of a chart as files, for whoever may see the chart."""

from enum import StrEnum
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from analytics.dashboard.pages.asking import AskedDep
from analytics.dashboard.service import Sections, csv_of, needs_of, read, svg_of
from analytics.kpis.dependencies import PublicFiguresDep
from analytics.sentences.service import period_name, region_about
from shared.errors import NotFound
from shared.files.downloads import DOWNLOAD_HEADERS, disposition
from shared.web.formats import Formats
from shared.web.i18n import N_

router = APIRouter()


class ChartFile(StrEnum):
    """The files of a chart: its data and its picture."""

    CSV = "csv"
    SVG = "svg"


_MEDIA_TYPES: Final = {ChartFile.CSV: "text/csv; charset=utf-8", ChartFile.SVG: "image/svg+xml"}


@router.get("/dashboard/charts/{chart_id}.{file_format}")
async def download_chart(chart_id: str, file_format: ChartFile, asked: AskedDep, public: PublicFiguresDep) -> Response:
    """Return a file of the chart of the same address as the page.

    Raises NotFound for a chart that there is not or that the visitor may not see, InvalidInput and PeriodNotPublic as the API does.
    """
    needs = needs_of(chart_id)
    if needs is None:
        raise NotFound
    reading = await read(asked.work, asked.figure_request(), asked.view, public, needs)
    chart = Sections(reading, asked.choice, asked.language, asked.text).charts().get(chart_id)
    if chart is None:
        raise NotFound
    period = reading.request.period
    name = period_name(period.first, period.last).in_(asked.language)
    day = Formats(asked.language).date(asked.today)
    source = asked.text(
        N_("Aryz, %(day)s; %(period)s, %(region)s"), day=day, period=name, region=region_about(reading.region).in_(asked.language)
    )
    content = csv_of(chart, asked.language) if file_format is ChartFile.CSV else svg_of(chart, source)
    if content is None:
        raise NotFound
    file_name = f"{chart_id}-{period.first}-{period.last}.{file_format}"
    headers = {"Content-Disposition": disposition(file_name), **DOWNLOAD_HEADERS}
    return Response(content, headers=headers, media_type=_MEDIA_TYPES[file_format])
