"""Office documents: ZIP archives of XML parts (ECMA-376 part 2, ODF 1.3 part 2), judged by their parsed parts."""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final, Protocol

from intake.attachments.inspection import markup, odf, ooxml
from intake.attachments.inspection.limits import InspectionLimits
from intake.attachments.inspection.rejection import Reason, Rejected

SMALL_ENTRY: Final = 2**20  # below this a high ratio is a page of blanks
ENCRYPTED_ENTRY: Final = 0x1  # general purpose bit 0 of a ZIP entry (APPNOTE 4.4.4)
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # ECMA-376 part 2, annex B; ODF 1.3 part 2, 2.2
MACRO_PARTS: Final = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml|basic/|scripts/)", re.IGNORECASE)
ACTIVE_PARTS: Final = re.compile(
    r"(^|/)(activex|embeddings|objectreplacements)/|\.(exe|dll|js|vbs|jar|bat|cmd|scr|lnk|html?|svg|zip)$", re.IGNORECASE
)
# What an embedded object or program begins with, whatever its name: OLE2, ZIP, PDF, RTF, Windows and Linux programs
EMBEDDED: Final = (bytes.fromhex("d0cf11e0a1b11ae1"), b"PK\x03\x04", b"%PDF-", b"{\\rt", b"MZ", b"\x7fELF")
# The part each kind of document cannot be without
MAIN_PART: Final = {"DOCX": "word/document.xml", "ODT": "content.xml"}


class Judge(Protocol):
    """What the parts of one kind of document may hold."""

    def part(self, name: str, content: bytes) -> None:
        """Raise Rejected for a part that runs, loads or holds something."""


JUDGES: Final[Mapping[str, type[Judge]]] = {"DOCX": ooxml.OfficeOpenXml, "ODT": odf.OpenDocument}


def code_of(content: bytes) -> str | None:
    names = {one.filename for one in _entries(content)}
    if "[Content_Types].xml" in names and MAIN_PART["DOCX"] in names:
        return "DOCX"
    if "mimetype" in names and MAIN_PART["ODT"] in names:
        return "ODT"
    return None


def check(content: bytes, code: str, limits: InspectionLimits) -> None:
    """Check the archive's list, then unpack and parse each part. Raises Rejected."""
    entries = _entries(content)
    if len(entries) > limits.package_entries or sum(one.file_size for one in entries) > limits.package_bytes:
        raise Rejected(Reason.BOMB)
    if len({one.filename.lower() for one in entries}) != len(entries):
        raise Rejected(Reason.POLYGLOT)  # two programs would read two documents
    for one in entries:
        _check_entry(one, limits)
    if content[-22:-18] != b"PK\x05\x06":
        raise Rejected(Reason.POLYGLOT)  # something stands behind the archive's end, or in its comment
    _check_parts(content, entries, JUDGES[code]())


def _check_entry(one: zipfile.ZipInfo, limits: InspectionLimits) -> None:
    if one.flag_bits & ENCRYPTED_ENTRY:
        raise Rejected(Reason.ENCRYPTED)
    if one.compress_type not in METHODS:
        raise Rejected(Reason.BROKEN)
    if one.file_size > SMALL_ENTRY and one.file_size > limits.package_ratio * max(one.compress_size, 1):
        raise Rejected(Reason.BOMB)
    if one.filename.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", one.filename) or ":" in one.filename:
        raise Rejected(Reason.ACTIVE_CONTENT)
    if MACRO_PARTS.search(one.filename):
        raise Rejected(Reason.MACROS)
    if ACTIVE_PARTS.search(one.filename):
        raise Rejected(Reason.ACTIVE_CONTENT)


def _check_parts(content: bytes, entries: list[zipfile.ZipInfo], judge: Judge) -> None:
    """Sizes in the list may lie: an entry that is longer, shorter or otherwise than it says is damage."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for one in entries:
            part = _unpacked(archive, one)
            if part.startswith(EMBEDDED):
                raise Rejected(Reason.ACTIVE_CONTENT)
            name = one.filename.lower()
            if part and (name.endswith((".xml", ".rels", ".vml", ".rdf")) or markup.is_xml(part)):
                judge.part(name, part)


def _unpacked(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(one) as entry:
            return entry.read(one.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Rejected(Reason.BROKEN) from None


def _entries(content: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        raise Rejected(Reason.BROKEN) from None
    if not found or min(one.header_offset for one in found):
        raise Rejected(Reason.POLYGLOT)
    return found
