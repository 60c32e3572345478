"""The talon's square code: where to follow the appeal. It holds the number; the PIN stays on the paper."""

from urllib.parse import urlencode

import segno
from fastapi import Request
from markupsafe import Markup

QUIET = 4  # modules of white around it (ISO/IEC 18004)


def tracking_code(request: Request, number: str) -> Markup:
    """An inline SVG, black on white in either colour scheme, without style attributes."""
    address = f"{request.url.scheme}://{request.url.netloc}/intake/track?{urlencode({'number': number})}"
    drawn = segno.make_qr(address, error="m").svg_inline(
        border=QUIET, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - drawn from digits and our own address
