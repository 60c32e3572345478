"""Typesetting by Typst: the same data always give the same bytes, tagged for screen readers (PDF/UA-1).

The fonts are those of the installed package, whatever the machine has; Libertinus Serif has every Kazakh letter. Each function takes some
ten milliseconds: call it in a thread.
"""

from functools import cache
from types import ModuleType
from typing import Final

from pydantic_core import to_json

PIXELS_PER_INCH: Final = 200.0


@cache
def _typst() -> ModuleType:
    """Import the library with the first document: it takes 7 MB, and most processes never make one."""
    import typst  # noqa: PLC0415

    return typst


def typeset(template: bytes, name: str, content: object) -> bytes:
    """Return the PDF of a template for this content, which the template reads as JSON from `sys.inputs.<name>`.

    PDF/UA-1 forbids signs that the fonts lack, an emoji for example: a document with such a sign is tagged, but does not claim the
    standard.
    """
    inputs = {name: to_json(content).decode()}
    typst = _typst()
    try:
        document: bytes = typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True, pdf_standards="ua-1")
    except typst.TypstError:
        document = typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True)
    return document


def draw(template: bytes, name: str, content: object) -> bytes:
    """Return the one page of a template as a PNG picture."""
    inputs = {name: to_json(content).decode()}
    picture: bytes = _typst().compile(template, sys_inputs=inputs, ignore_system_fonts=True, format="png", ppi=PIXELS_PER_INCH)
    return picture
