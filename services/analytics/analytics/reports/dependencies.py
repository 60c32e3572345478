"""The response with a report, which the API and the page share."""

import asyncio
from typing import Final

from fastapi import Request
from starlette.responses import Response

from analytics.reports.policy import ReportFormat
from analytics.reports.schemas import ReportQuery
from analytics.reports.service import ReportDocument, ReportPeriod, Wording, read, require_region, written
from analytics.reports.service.files import as_docx, as_pdf
from shared.auth import Principal
from shared.errors import Unavailable
from shared.files.downloads import DOWNLOAD_HEADERS, disposition
from shared.unit_of_work import UnitsOfWork
from shared.web.pages import Pages

AT_ONCE: Final = 2  # reports that a process measures or writes: each holds a connection of its database, or a core
RETRY_SECONDS: Final = 10
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"
HTML: Final = "text/html"
_WRITERS: Final = {ReportFormat.DOCX: (as_docx, DOCX), ReportFormat.PDF: (as_pdf, PDF)}


class ReportRoom:
    """Reads and writes the reports of a process, no more than AT_ONCE at the same time."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._free = asyncio.Semaphore(AT_ONCE)

    async def response(
        self, request: Request, reader: Principal, region: str, period: str, file_format: ReportFormat, query: ReportQuery
    ) -> Response:
        """Return a report as a page or a file.

        Raises what `require_region`, `read` and `written` raise, and Unavailable while AT_ONCE others are read.
        """
        require_region(reader, region)
        wanted = ReportPeriod.of_code(period)
        if self._free.locked():
            raise Unavailable("Other reports are being written. Try again when one of them is complete.", retry_after=RETRY_SECONDS)
        async with self._free:
            async with self._units.read() as work:
                report = await read(work, region, wanted, query)
            document = await asyncio.to_thread(written, report, Wording(query.language))
            if file_format is ReportFormat.HTML:
                issue = query.issue if query.as_of is None or report.stored is None else report.stored.issue
                return _page(request, document, region, wanted, query.model_copy(update={"issue": issue}))
            write, media_type = _WRITERS[file_format]
            content = await asyncio.to_thread(write, document)
        headers = {"Content-Disposition": disposition(f"{document.file_name}.{file_format}"), **DOWNLOAD_HEADERS}
        return Response(content, headers=headers, media_type=media_type)


def _page(request: Request, document: ReportDocument, region: str, period: ReportPeriod, query: ReportQuery) -> Response:
    pages: Pages = request.app.state.pages
    path = f"/analytics/reports/{region}/{period.code}"
    issue = "" if query.issue is None else f"&issue={query.issue}"
    response = pages.render_in(
        query.language,
        request,
        "report.html",
        report=document,
        downloads=[
            (file_format.upper(), f"{path}.{file_format}?language={query.language}&compare={query.compare}{issue}")
            for file_format in _WRITERS
        ],
    )
    response.headers["Cache-Control"] = "no-store"
    return response
