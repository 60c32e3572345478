"""Typesetting by Typst: the same data always give the same bytes, tagged for screen readers (PDF/UA-1).

The fonts are those of the installed package, whatever the machine has; Libertinus Serif has every Kazakh letter. Each function takes some
ten milliseconds: call it in a thread.
"""

from typing import Final

import typst
from pydantic_core import to_json

PIXELS_PER_INCH: Final = 200.0


def typeset(template: bytes, name: str, content: object) -> bytes:
    """Return the PDF of a template for this content, which the template reads as JSON from `sys.inputs.<name>`.

    PDF/UA-1 forbids signs that the fonts lack, an emoji for example: a document with such a sign is tagged, but does not claim the
    standard.
    """
    inputs = {name: to_json(content).decode()}
    try:
        return typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True, pdf_standards="ua-1")
    except typst.TypstError:
        return typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True)


def draw(template: bytes, name: str, content: object) -> bytes:
    """Return the one page of a template as a PNG picture."""
    inputs = {name: to_json(content).decode()}
    return typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True, format="png", ppi=PIXELS_PER_INCH)
