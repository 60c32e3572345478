"""Typesetting of documents by Typst: the same data always give the same bytes, tagged for screen readers (PDF/UA-1)."""

import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import segno
import typst
from pydantic_core import to_json

_TEMPLATES: Final = files("routing.documents") / "templates"
QUIET_ZONE: Final = 4  # white modules around the code (ISO/IEC 18004)


def typeset(name: str, content: Mapping[str, object]) -> bytes:
    """Return the PDF of `templates/<name>.typ` for this content. It takes some ten milliseconds: call it in a thread.

    The fonts are those of the installed package, whatever the machine has. PDF/UA-1 forbids signs that they lack, an emoji for example: a
    document with such a sign is tagged, but does not claim the standard.
    """
    template, inputs = (_TEMPLATES / f"{name}.typ").read_bytes(), {name: to_json(content).decode()}
    try:
        return typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True, pdf_standards="ua-1")
    except typst.TypstError:
        return typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True)


def qr_code(address: str) -> str:
    """Return the QR code of an address as an SVG document."""
    drawn = io.BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff")
    return drawn.getvalue().decode()
