"""What the routes and pages of documents share: the limit on checks, the address of the pages, and the response with a PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shared.budget import Budget
from shared.client_address import Network, client_address

PDF: Final = "application/pdf"
_VIEWER: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class LetterChecks:
    """The limit on guessing codes from one address, in each process."""

    budget: Budget
    proxies: Sequence[Network]

    def spend(self, request: Request) -> None:
        """Count a check. Raises TooMany."""
        self.budget.spend(client_address(request, self.proxies))


def origin_of(request: Request) -> str:
    """Return where citizens reach the pages: the setting, or the address of the request."""
    public_url: str | None = request.app.state.parts.settings.public_url
    return public_url or f"{request.url.scheme}://{request.url.netloc}"


def pdf_response(document: bytes, name: str) -> Response:
    """Return a document that the browser shows, and that nothing stores on the way."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Content-Security-Policy": _VIEWER,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(document, headers=headers, media_type=PDF)
