"""Identification of a file by its content, and the check that it is nothing else: no hidden file, no code, no bomb."""

import io
import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from typing import Final

import filetype

from shared.files.inspection import images, package, pdf
from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.rejection import Rejected, RejectionReason

HEAD: Final = 8192  # bytes that `filetype` reads
WINDOW: Final = 1024  # bytes in which readers of PDF search for its header (ISO 32000-1, annex H.3.4.1)
BEGINNING: Final = 65_536  # characters of a text that are searched for markup
IMAGES: Final[Mapping[str, str]] = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MARKUP: Final = re.compile(r"<(!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php|%)|^(#!|@echo|MZ|\{\\rt)", re.IGNORECASE)
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")  # of text, without tab, line breaks, form feed and DOS's end of file

Content = bytes


def inspect(content: Content, declared: str | None, allowed: Collection[str], limits: InspectionLimits) -> tuple[str, bytes | None]:
    """Return the kind's code and the bytes to store in the file's place; None if it is stored unchanged.

    `declared`: the code of the kind that the sender declared; `allowed`: codes that are accepted. Raises Rejected.
    """
    if not content:
        raise Rejected(RejectionReason.EMPTY)
    code = _code(content)
    if code is None or code not in allowed:
        raise Rejected(RejectionReason.TYPE_NOT_ALLOWED)
    if declared is not None and declared != code:
        raise Rejected(RejectionReason.TYPE_MISMATCH)
    return code, _CHECKS[code](content, code, limits)


def _code(content: Content) -> str | None:
    if content.startswith(b"PK\x03\x04"):
        return package.code_of(content)
    if content.startswith(b"%PDF-"):
        return "PDF"
    found = filetype.guess(content[:HEAD])
    if found is not None:
        return IMAGES.get(found.mime)
    if b"%PDF-" in content[:WINDOW]:
        raise Rejected(RejectionReason.POLYGLOT)
    return "TXT"


def _image(content: Content, code: str, limits: InspectionLimits) -> bytes:
    """Redraw the picture. Data that phones append to photographs is lost; another document inside is refused, as it is no accident."""
    if b"%PDF-" in content[:WINDOW]:
        raise Rejected(RejectionReason.POLYGLOT)
    _refuse_archive(content)
    return images.redraw(content, code, limits)


def _pdf(content: Content, _code: str, limits: InspectionLimits) -> bytes | None:
    _refuse_archive(content)
    return pdf.check(content, limits)


def _text(content: Content, _code: str, _limits: InspectionLimits) -> None:
    """Check a text: UTF-8 or code page 1251 of old Windows programs, without control characters, markup or script."""
    text = _decoded(content)
    if CONTROL.search(text):
        raise Rejected(RejectionReason.TYPE_NOT_ALLOWED)
    if MARKUP.search(text[:BEGINNING].lstrip("\ufeff \t\r\n")):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
    _refuse_archive(content)


def _decoded(content: Content) -> str:
    for encoding in ("utf-8", "cp1251"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Rejected(RejectionReason.TYPE_NOT_ALLOWED)


def _refuse_archive(content: Content) -> None:
    """Refuse a file that is also a ZIP archive: readers search for its list at the end of a file, whatever comes before."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            is_archive = bool(archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        is_archive = False
    if is_archive:
        raise Rejected(RejectionReason.POLYGLOT)


_CHECKS: Final[Mapping[str, Callable[[Content, str, InspectionLimits], bytes | None]]] = {
    **dict.fromkeys(IMAGES.values(), _image),
    "PDF": _pdf,
    "DOCX": package.check,
    "ODT": package.check,
    "TXT": _text,
}
