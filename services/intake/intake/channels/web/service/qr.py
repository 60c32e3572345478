"""The QR code of a talon: the address of the tracking page with the number. The PIN is not in it."""

from urllib.parse import urlencode

import segno
from fastapi import Request
from markupsafe import Markup

from intake.register.dependencies import Intake

QUIET_ZONE = 4  # white modules around the code (ISO/IEC 18004)


def tracking_address(request: Request, number: str) -> str:
    """Return the tracking page's address, under the citizens' address (`PUBLIC_URL`) if set, otherwise under that of the request."""
    intake: Intake = request.app.state.intake
    return f"{intake.origin(request)}/intake/track?{urlencode({'number': number})}"


def tracking_code(request: Request, number: str) -> Markup:
    """Return the code as an inline SVG without style attributes, black on white in either colour scheme."""
    drawn = segno.make_qr(tracking_address(request, number), error="m").svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - drawn from digits and our own address
