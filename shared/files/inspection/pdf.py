"""Checks of PDF files by their parsed objects.

qpdf resolves name escapes, object streams and compression before anything is compared.
"""

import io
import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pikepdf

from shared.files.inspection import links
from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.rejection import Rejected, RejectionReason

END: Final = b"%%EOF"
WINDOW: Final = 1024  # bytes in which readers search for the end of the file (ISO 32000-1, annex H.3.4.4)
# Actions that run code, open or load another file, send data, or play (ISO 32000-2, table 201). GoTo, URI, Named, Thread and the like stay.
ACTIONS: Final = frozenset(
    {"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/ImportData", "/SubmitForm", "/RichMediaExecute", "/Rendition", "/Movie", "/Sound"}
)
ANNOTATIONS: Final = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})  # ISO 32000-2, table 171
TYPES: Final = frozenset({"/EmbeddedFile", "/Rendition", "/SlideShow"})
# Keys that hold code, another file or a form in XFA at any position (ISO 32000-2, tables 32, 43, 218; 12.6.4.17 and 13.6)
KEYS: Final = frozenset(
    {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/RichMediaSettings", "/Collection", "/3DD", "/OPI"}
)

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

PARSE_ERRORS: Final = (pikepdf.PdfError, pikepdf.DataDecodingError, ValueError, RuntimeError)  # RecursionError among them


def check(content: bytes, limits: InspectionLimits) -> bytes | None:
    """Raise Rejected for active content; return a damaged file that can be repaired as repaired.

    An intact file is stored unchanged, so that its signatures stay valid. Programs read a damaged file differently, so the repaired
    file, which was checked, is stored in its place.
    """
    _check_end(content)
    try:
        return _check_parsed(content, limits, repairing=False)
    except PARSE_ERRORS:
        pass
    try:
        return _check_parsed(content, limits, repairing=True)
    except PARSE_ERRORS:
        raise Rejected(RejectionReason.BROKEN) from None


def _check_end(content: bytes) -> None:
    tail = content[-WINDOW:]
    end = tail.rfind(END)
    if end < 0:
        raise Rejected(RejectionReason.POLYGLOT if END in content[-65_536:] else RejectionReason.BROKEN)
    if tail[end + len(END) :].strip(b"\r\n\t \0"):
        raise Rejected(RejectionReason.POLYGLOT)


def _check_parsed(content: bytes, limits: InspectionLimits, *, repairing: bool) -> bytes | None:
    """Check the parsed file. Raises Rejected, and PARSE_ERRORS if the file cannot be parsed."""
    try:
        document = pikepdf.open(io.BytesIO(content), attempt_recovery=repairing, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise Rejected(RejectionReason.ENCRYPTED) from None
    with document:
        if document.is_encrypted:
            raise Rejected(RejectionReason.ENCRYPTED)
        if any(_is_active(node) for node in _nodes(document)):
            raise Rejected(RejectionReason.ACTIVE_CONTENT)
        return _repaired(document, limits) if repairing else None


def _nodes(document: pikepdf.Pdf) -> Iterator[dict[str, Json]]:
    """Yield every dictionary of the file, also those of streams, inside arrays and without references.

    qpdf writes each object as JSON with names resolved (`/Name`) and strings marked (`u:`, `b:`). Walking Python's containers takes half
    the time of walking qpdf's.
    """
    yield _as_json(document.trailer)
    for each in document.objects:
        pending = [_as_json(each)]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                yield node
                pending.extend(inner for inner in node.values() if isinstance(inner, dict | list))
            elif isinstance(node, list):
                pending.extend(inner for inner in node if isinstance(inner, dict | list))
        if isinstance(each, pikepdf.Stream):
            yield {"stream": True, **_as_json(each)}


def _as_json(node: Any) -> Any:
    return json.loads(node.to_json(dereference=True, schema_version=2))


def _is_active(node: dict[str, Json]) -> bool:
    if not KEYS.isdisjoint(node):
        return True
    kind, subtype = node.get("/Type"), node.get("/Subtype")
    return (
        _among(node.get("/S"), ACTIONS)
        or _among(subtype, ANNOTATIONS)
        or _among(kind, TYPES)
        or node.get("/FS") == "/URL"  # a file that is fetched
        or ("stream" in node and "/F" in node)  # a stream whose bytes are in another file
        or (subtype == "/PS")  # PostScript
        or (subtype == "/Form" and "/Ref" in node)  # a page of another file
        or (kind in {"/Filespec", "/F"} and _names_a_file(node))
        or (node.get("/S") == "/Thread" and "/F" in node)  # an article of another file
        or (node.get("/S") == "/URI" and links.is_unsafe(_text(node.get("/URI"))))
    )


def _text(value: object) -> str:
    """Return a string that qpdf wrote into JSON: `u:` and characters, or `b:` and hexadecimal bytes."""
    if not isinstance(value, str):
        return ""
    return bytes.fromhex(value[2:]).decode("latin-1") if value.startswith("b:") else value.removeprefix("u:")


def _among(value: object, known: frozenset[str]) -> bool:
    return isinstance(value, str) and value in known


def _names_a_file(node: dict[str, Json]) -> bool:
    return any(name in node for name in ("/F", "/UF", "/DOS", "/Mac", "/Unix"))


def _repaired(document: pikepdf.Pdf, limits: InspectionLimits) -> bytes:
    target = io.BytesIO()
    document.save(target)
    if target.tell() > limits.file_bytes:
        raise Rejected(RejectionReason.BROKEN)
    return target.getvalue()
