"""PDF files, judged by their parsed objects.

qpdf resolves name escapes, object streams and compression before anything is compared.
"""

import io
import json
from collections.abc import Iterator
from typing import Any, Final

import pikepdf

from intake.attachments.inspection import links
from intake.attachments.inspection.limits import InspectionLimits
from intake.attachments.inspection.rejection import Reason, Rejected

END: Final = b"%%EOF"
WINDOW: Final = 1024  # bytes in which readers search for the end of the file (ISO 32000-1, annex H.3.4.4)
# Actions that run code, open or load another file, send data, or play (ISO 32000-2, table 201). GoTo, URI, Named, Thread and the like stay.
ACTIONS: Final = frozenset(
    {"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/ImportData", "/SubmitForm", "/RichMediaExecute", "/Rendition", "/Movie", "/Sound"}
)
ANNOTATIONS: Final = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})  # ISO 32000-2, table 171
TYPES: Final = frozenset({"/EmbeddedFile", "/Rendition", "/SlideShow"})
# Keys that hold code, another file or a form in XFA wherever they stand (ISO 32000-2, tables 32, 43, 218; 12.6.4.17 and 13.6)
KEYS: Final = frozenset(
    {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/RichMediaSettings", "/Collection", "/3DD", "/OPI"}
)

PARSE_ERRORS: Final = (pikepdf.PdfError, pikepdf.DataDecodingError, ValueError, RuntimeError)  # RecursionError among them


def check(content: bytes, limits: InspectionLimits) -> bytes | None:
    """Raise Rejected for anything in the file that is not paper; a damaged file that can be repaired is returned repaired.

    A file that is intact is stored as it came, so that signatures on it stay valid. A damaged one is read differently by different
    programs: what was checked here is stored in its place.
    """
    _check_end(content)
    try:
        return _judged(content, limits, repairing=False)
    except PARSE_ERRORS:
        pass
    try:
        return _judged(content, limits, repairing=True)
    except PARSE_ERRORS:
        raise Rejected(Reason.BROKEN) from None


def _check_end(content: bytes) -> None:
    tail = content[-WINDOW:]
    end = tail.rfind(END)
    if end < 0:
        raise Rejected(Reason.POLYGLOT if END in content[-65_536:] else Reason.BROKEN)
    if tail[end + len(END) :].strip(b"\r\n\t \0"):
        raise Rejected(Reason.POLYGLOT)


def _judged(content: bytes, limits: InspectionLimits, *, repairing: bool) -> bytes | None:
    """Raises Rejected, and PARSE_ERRORS where the file cannot be parsed so."""
    try:
        document = pikepdf.open(io.BytesIO(content), attempt_recovery=repairing, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise Rejected(Reason.ENCRYPTED) from None
    with document:
        if document.is_encrypted:
            raise Rejected(Reason.ENCRYPTED)
        if any(_is_active(node) for node in _nodes(document)):
            raise Rejected(Reason.ACTIVE_CONTENT)
        return _repaired(document, limits) if repairing else None


def _nodes(document: pikepdf.Pdf) -> Iterator[dict[str, Any]]:
    """Every dictionary of the file, of streams and inside arrays too; also those that nothing refers to.

    qpdf writes each object as JSON with names resolved (`/Name`) and strings marked (`u:`, `b:`): walking Python's own containers takes
    half as long as walking qpdf's.
    """
    yield _as_json(document.trailer)
    for each in document.objects:
        waiting = [_as_json(each)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                yield node
                waiting.extend(inner for inner in node.values() if isinstance(inner, dict | list))
            elif isinstance(node, list):
                waiting.extend(inner for inner in node if isinstance(inner, dict | list))
        if isinstance(each, pikepdf.Stream):
            yield {"stream": True, **_as_json(each)}


def _as_json(node: Any) -> Any:
    return json.loads(node.to_json(dereference=True, schema_version=2))


def _is_active(node: dict[str, Any]) -> bool:
    if not KEYS.isdisjoint(node):
        return True
    kind, subtype = node.get("/Type"), node.get("/Subtype")
    return (
        _among(node.get("/S"), ACTIONS)
        or _among(subtype, ANNOTATIONS)
        or _among(kind, TYPES)
        or node.get("/FS") == "/URL"  # a file that is fetched
        or ("stream" in node and "/F" in node)  # a stream whose bytes stand in another file
        or (subtype == "/PS")  # PostScript
        or (subtype == "/Form" and "/Ref" in node)  # a page of another file
        or (kind in {"/Filespec", "/F"} and _names_a_file(node))
        or (node.get("/S") == "/Thread" and "/F" in node)  # an article of another file
        or (node.get("/S") == "/URI" and links.is_unsafe(_text(node.get("/URI"))))
    )


def _text(value: object) -> str:
    """A string as qpdf writes it into JSON: `u:` and characters, or `b:` and hexadecimal bytes."""
    if not isinstance(value, str):
        return ""
    return bytes.fromhex(value[2:]).decode("latin-1") if value.startswith("b:") else value.removeprefix("u:")


def _among(value: object, known: frozenset[str]) -> bool:
    return isinstance(value, str) and value in known


def _names_a_file(node: dict[str, Any]) -> bool:
    return any(name in node for name in ("/F", "/UF", "/DOS", "/Mac", "/Unix"))


def _repaired(document: pikepdf.Pdf, limits: InspectionLimits) -> bytes:
    target = io.BytesIO()
    document.save(target)
    if target.tell() > limits.file_bytes:
        raise Rejected(Reason.BROKEN)
    return target.getvalue()
