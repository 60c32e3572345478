"""The response of an export, which the API and the page share: rows are read while the client receives them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Send

from analytics.exports.policy import ExportFormat
from analytics.exports.service import Export, finished, written_pages
from shared.auth import Principal
from shared.errors import Unavailable
from shared.files.downloads import DOWNLOAD_HEADERS, disposition
from shared.unit_of_work import UnitsOfWork

AT_ONCE: Final = 2  # exports of a process: each holds a connection of its database while it runs
RETRY_SECONDS: Final = 30
MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}
log = structlog.get_logger("exports")


class ExportResponse(StreamingResponse):
    """A stream that is closed at once when the client goes away, so that its connection is free again."""

    body_iterator: AsyncGenerator[bytes]

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self.body_iterator):
            await super().stream_response(send)


class ExportStreams:
    """The exports of a process. No more than AT_ONCE run at the same time."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._free = asyncio.Semaphore(AT_ONCE)

    async def response(self, export: Export, reader: Principal) -> ExportResponse:
        """Return the export as a download whose first rows are read. Raises Unavailable while AT_ONCE others run.

        A database that does not answer raises here, so that the client gets an error and not the beginning of a file.
        """
        if self._free.locked():
            raise Unavailable("Other exports are running. Try again when one of them is complete.", retry_after=RETRY_SECONDS)
        headers = {"Content-Disposition": disposition(export.file_name), **DOWNLOAD_HEADERS}
        chunks = self._chunks(export, reader)
        first = await anext(chunks, b"")
        return ExportResponse(_with_first(first, chunks), headers=headers, media_type=MEDIA_TYPES[export.file_format])

    async def _chunks(self, export: Export, reader: Principal) -> AsyncGenerator[bytes]:
        """Yield the file. Its beginning and end are logged by codes: neither who asked nor what the filters were."""
        cohort = export.cohort
        entry = log.bind(
            kind=f"{export.grain}.{export.file_format}",
            role=reader.role,
            region=cohort.region,
            first_day=str(cohort.first),
            last_day=str(cohort.last),
            filter_names=" ".join(name for name in cohort.filters.__dataclass_fields__ if getattr(cohort.filters, name) is not None),
        )
        count, is_complete = 0, False
        async with self._free:
            entry.info("an export begins")
            try:
                with export.writer() as writer:
                    async with self._units.read() as work:
                        async for number, chunk in written_pages(work, export, writer):
                            count += number
                            yield chunk
                    async for chunk in finished(writer):
                        yield chunk
                is_complete = True
            finally:
                entry.info("an export ends", rows=count, complete=is_complete)


async def _with_first(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
