"""A streaming parser for the XML of office documents, on top of expat.

No document type, no entities, UTF-8 or UTF-16 only (ECMA-376 part 2, 8.2.5).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat

from shared.files.inspection.rejection import Rejected, RejectionReason

DEPTH: Final = 1000  # elements inside each other; Word writes some 50
SEPARATOR: Final = "\n"  # between a namespace and a name: in neither
ENCODINGS: Final = frozenset({"utf-8", "utf-16", "us-ascii"})
MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
LIKE_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\0 \t\r\n]*<")

Attributes = Mapping[str, str]


def is_xml(content: bytes) -> bool:
    """Return whether a part begins like XML in UTF-8 or UTF-16, whatever its name."""
    return LIKE_XML.match(content[:1024]) is not None


def local(name: str) -> str:
    """Return an element's or attribute's name without its namespace."""
    return name.rpartition(SEPARATOR)[2]


def parse(
    content: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call `start` for each element with its local name and its attributes by local name.

    Raises Rejected: BROKEN for XML that is not well-formed, BOMB for entities and too deep nesting. The callbacks' errors are passed on.
    """
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise Rejected(RejectionReason.BOMB)
        start(local(name), {local(each): value for each, value in attributes.items()})

    def finish(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(local(name))

    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    if text is not None:
        parser.CharacterDataHandler = text
    parser.XmlDeclHandler = _declaration
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _refuse_type
    try:
        parser.Parse(content, True)  # as a whole: expat before 2.6 reads a long token in pieces again and again (CVE-2023-52425)
    except (expat.ExpatError, ValueError, LookupError, UnicodeError):
        raise Rejected(RejectionReason.BROKEN) from None


def _declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    """Refuse other encodings: programs may read them differently."""
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise Rejected(RejectionReason.BROKEN)


def _refuse_type(*_: object) -> int:
    """Refuse a document type, and so every entity: no office program writes one."""
    raise Rejected(RejectionReason.BOMB)
