"""Files of another service, passed on to a person who may see them: a picture or a PDF to be shown, anything else to be saved."""

import re
from collections.abc import AsyncIterator
from typing import Final

from fastapi.responses import StreamingResponse

from shared.contents import OwnedFile

PDF: Final = "application/pdf"
SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Pictures that the browser shows. Their owner has decoded and written them again, so that they hold nothing else."""
_CONFINED: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_PDF_VIEWER: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""In a sandbox browsers do not show a PDF. Their viewer runs apart from the page's origin, and PDFs with code are refused on receipt."""
_SAVED: Final = re.compile(r"^attachment(?=;|$)")


def passed_on(file: OwnedFile) -> StreamingResponse:
    """Return the file as its owner sends it."""
    return StreamingResponse(_chunks(file), headers=_headers(file), media_type=file.media_type)


async def _chunks(file: OwnedFile) -> AsyncIterator[bytes]:
    try:
        async for chunk in file.chunks():
            yield chunk
    finally:
        await file.close()


def _headers(file: OwnedFile) -> dict[str, str]:
    is_shown = file.media_type in {*SHOWN, PDF}
    headers = {
        "Content-Disposition": _SAVED.sub("inline", file.disposition) if is_shown else file.disposition,
        "Content-Security-Policy": _PDF_VIEWER if file.media_type == PDF else _CONFINED,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return headers | ({"Content-Length": file.size} if file.size is not None else {})
