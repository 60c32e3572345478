"""The route of reports."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from analytics.reports.dependencies import DOCX, HTML, PDF, ReportRoom
from analytics.reports.errors import ReportDoesNotReconcile
from analytics.reports.policy import ReportFormat
from analytics.reports.schemas import ReportQuery
from analytics.reports.service import READERS
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, NotFound, Responses, Unauthorized, Unavailable, responses
from shared.http import KnownQuery

REPORT: Final[Responses] = {
    **responses(Unauthorized, Forbidden, NotFound, InvalidInput, ReportDoesNotReconcile, Unavailable),
    200: {
        "description": "The report.",
        "content": {
            HTML: {"schema": {"type": "string"}},
            **{media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in (DOCX, PDF)},
        },
    },
}

router = APIRouter(prefix="/v1", tags=["reports"])
ReaderDep = Annotated[Principal, Depends(require(*READERS))]


@router.get("/reports/{region}/{period}.{file_format}", response_class=Response, responses=REPORT)
async def read_report(
    region: str,
    period: str,
    file_format: ReportFormat,
    query: Annotated[ReportQuery, Query()],
    request: Request,
    reader: ReaderDep,
    _query: KnownQuery,
) -> Response:
    """Return the report on a region (`KZ`: the whole country) and a year, half-year, quarter or month that is over.

    The latest issue is returned as it was stored, and before the first issue the figures as they are now. With `as_of` the latest issue
    until that time is returned: what the report said then, whatever was corrected or issued since. A report whose numbers
    contradict each other is refused; `contradictions` names them. `docs/integration/reports.md` describes the content.
    """
    room: ReportRoom = request.app.state.reports
    return await room.response(request, reader, region, period, file_format, query)
