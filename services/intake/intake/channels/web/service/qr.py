"""The talon's square code: where to follow the appeal. It holds the number; the PIN stays on the paper."""

from urllib.parse import urlencode

import segno
from fastapi import Request
from markupsafe import Markup

from intake.register.dependencies import Intake

QUIET = 4  # modules of white around it (ISO/IEC 18004)


def tracking_address(request: Request, number: str) -> str:
    """Under the address that citizens use, where it is set; the page may have been read under another, as at a counter."""
    intake: Intake = request.app.state.intake
    base = intake.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}/intake/track?{urlencode({'number': number})}"


def tracking_code(request: Request, number: str) -> Markup:
    """An inline SVG, black on white in either colour scheme, without style attributes."""
    drawn = segno.make_qr(tracking_address(request, number), error="m").svg_inline(
        border=QUIET, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - drawn from digits and our own address
