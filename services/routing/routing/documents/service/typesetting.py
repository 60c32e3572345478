"""The documents of this slice as PDF, and QR codes for them."""

import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import segno

from shared import typesetting

_TEMPLATES: Final = files("routing.documents") / "templates"
QUIET_ZONE: Final = 4  # white modules around the code (ISO/IEC 18004)


def typeset(name: str, content: Mapping[str, object]) -> bytes:
    """Return the PDF of `templates/<name>.typ` for this content. It takes some ten milliseconds: call it in a thread."""
    return typesetting.typeset((_TEMPLATES / f"{name}.typ").read_bytes(), name, content)


def qr_code(address: str) -> str:
    """Return the QR code of an address as an SVG document."""
    drawn = io.BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff")
    return drawn.getvalue().decode()
