"""The route of exports."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from analytics.exports.dependencies import MEDIA_TYPES, ExportResponse, ExportStreams
from analytics.exports.policy import ExportFormat, ExportGrain
from analytics.exports.schemas import ExportQuery
from analytics.exports.service import READERS, Export
from analytics.kpis.service import view_of
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, Unauthorized, Unavailable, responses
from shared.http import KnownQuery

FILE: Final[dict[int | str, dict[str, Any]]] = {
    **responses(Unauthorized, Forbidden, InvalidInput, Unavailable),
    200: {
        "description": "The file.",
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()},
    },
}

router = APIRouter(prefix="/v1", tags=["exports"])
ReaderDep = Annotated[Principal, Depends(require(*READERS))]


@router.get("/exports/{grain}.{file_format}", response_class=ExportResponse, responses=FILE)
async def export_rows(
    grain: ExportGrain,
    file_format: ExportFormat,
    query: Annotated[ExportQuery, Query()],
    request: Request,
    reader: ReaderDep,
    _query: KnownQuery,
) -> ExportResponse:
    """Return the rows behind the figures, as many as there are: an appeal a row, or an event of an appeal a row.

    The period is that of the appeals' receipt. Supervisors and heads get the rows of their region with registration numbers; analysts
    get all regions, and nothing that identifies an appeal. `docs/integration/exports.md` describes the columns.
    """
    streams: ExportStreams = request.app.state.exports
    return await streams.response(Export.of(grain, file_format, query, view_of(reader, query.region)), reader)
