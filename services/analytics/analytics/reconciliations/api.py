"""The route of reconciliations."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request

from analytics.reconciliations.schemas import Reconciliation
from analytics.reconciliations.service import FILE_LIMIT, READERS, XLSX, reconcile
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, MalformedText, PayloadTooLarge, Unauthorized, UnsupportedMediaType, responses
from shared.header_fields import media_type_of
from shared.http import KnownQuery, read_body

CSV: Final = "text/csv"
SHEET_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {CSV: {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ERRORS = responses(Unauthorized, Forbidden, InvalidInput, MalformedText, PayloadTooLarge, UnsupportedMediaType)

router = APIRouter(prefix="/v1", tags=["reconciliations"])
ReaderDep = Annotated[Principal, Depends(require(*READERS))]


@router.post("/reconciliations", responses=ERRORS, openapi_extra=SHEET_BODY)
async def reconcile_statistic(request: Request, _reader: ReaderDep, _query: KnownQuery) -> Reconciliation:
    """Check a published statistic (CSV or XLSX, at most 1 MB and 2 000 rows): sums, shares, changes. Nothing is stored.

    A row that cannot be read is a check of its line, `NOT_CHECKABLE`. `docs/integration/reconciliation.md` describes the columns.
    """
    raw = await read_body(request, limit=FILE_LIMIT, media_type=XLSX if media_type_of(request) == XLSX else CSV)
    return await asyncio.to_thread(reconcile, raw)
