"""Downloads of files; browsers save them and never show them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi.responses import StreamingResponse

from shared.files import errors
from shared.sealing import SealError

# A downloaded file must not run, be framed, be cached or be read by another site.
DOWNLOAD_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Download:
    """A file whose first bytes were read: its object is there and can be decrypted."""

    first: bytes
    rest: AsyncIterator[bytes]

    @classmethod
    async def begin(cls, file_id: UUID, chunks: AsyncIterator[bytes]) -> "Download":
        """Read the beginning of a file: a missing or damaged object is detected before the response begins. Raises Lost, Unavailable."""
        try:
            return cls(await anext(chunks, b""), chunks)
        except (FileNotFoundError, SealError):
            log.exception("a file is lost", attachment_id=str(file_id))
            raise errors.Lost from None

    def response(self, name: str, media_type: str, size: int) -> StreamingResponse:
        """Return the file as a response that browsers save."""
        headers = {"Content-Disposition": disposition(name), "Content-Length": str(size), **DOWNLOAD_HEADERS}
        return StreamingResponse(self._chunks(), headers=headers, media_type=media_type)

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield self.first
        async for chunk in self.rest:
            yield chunk


def disposition(name: str) -> str:
    """Return the header with the name in ASCII for old programs and in UTF-8 for all others (RFC 6266 §4.3, appendix D)."""
    plain = name.encode("ascii", "replace").decode().translate({ord(each): "_" for each in '?"\\;'})
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
