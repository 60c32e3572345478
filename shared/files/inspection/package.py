"""Checks of office documents, which are ZIP archives of XML parts (ECMA-376 part 2, ODF 1.3 part 2)."""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final, Protocol

from shared.files.inspection import markup, odf, ooxml
from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.rejection import Rejected, RejectionReason

SMALL_ENTRY: Final = 2**20  # a smaller part with a high ratio is a blank page
ENCRYPTED_ENTRY: Final = 0x1  # general purpose bit 0 of a ZIP entry (APPNOTE 4.4.4)
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # ECMA-376 part 2, annex B; ODF 1.3 part 2, 2.2
MACRO_PARTS: Final = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml|basic/|scripts/)", re.IGNORECASE)
ACTIVE_PARTS: Final = re.compile(
    r"(^|/)(activex|embeddings|objectreplacements)/|\.(exe|dll|js|vbs|jar|bat|cmd|scr|lnk|html?|svg|zip)$", re.IGNORECASE
)
# The first bytes of embedded objects and programs, whatever their names: OLE2, ZIP, PDF, RTF, Windows and Linux programs
EMBEDDED: Final = (bytes.fromhex("d0cf11e0a1b11ae1"), b"PK\x03\x04", b"%PDF-", b"{\\rt", b"MZ", b"\x7fELF")
# The part that each kind of document must have
MAIN_PART: Final = {"DOCX": "word/document.xml", "ODT": "content.xml"}


class PartChecker(Protocol):
    """Checks the parts of one kind of document."""

    def check_part(self, name: str, content: bytes) -> None:
        """Raise Rejected for a part that runs code, loads something or embeds a file."""


CHECKERS: Final[Mapping[str, type[PartChecker]]] = {"DOCX": ooxml.OfficeOpenXml, "ODT": odf.OpenDocument}


def code_of(content: bytes) -> str | None:
    """Return the kind's code; None for an archive of another kind. Raises Rejected."""
    names = {entry.filename for entry in _entries(content)}
    if "[Content_Types].xml" in names and MAIN_PART["DOCX"] in names:
        return "DOCX"
    if "mimetype" in names and MAIN_PART["ODT"] in names:
        return "ODT"
    return None


def check(content: bytes, code: str, limits: InspectionLimits) -> None:
    """Check the archive's list, then unpack and parse each part. Raises Rejected."""
    entries = _entries(content)
    if len(entries) > limits.package_entries or sum(entry.file_size for entry in entries) > limits.package_bytes:
        raise Rejected(RejectionReason.BOMB)
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise Rejected(RejectionReason.POLYGLOT)  # two programs would read two documents
    for entry in entries:
        _check_entry(entry, limits)
    if content[-22:-18] != b"PK\x05\x06":
        raise Rejected(RejectionReason.POLYGLOT)  # there is data after the archive's end, or in its comment
    _check_parts(content, entries, CHECKERS[code]())


def _check_entry(entry: zipfile.ZipInfo, limits: InspectionLimits) -> None:
    if entry.flag_bits & ENCRYPTED_ENTRY:
        raise Rejected(RejectionReason.ENCRYPTED)
    if entry.compress_type not in METHODS:
        raise Rejected(RejectionReason.BROKEN)
    if entry.file_size > SMALL_ENTRY and entry.file_size > limits.package_ratio * max(entry.compress_size, 1):
        raise Rejected(RejectionReason.BOMB)
    if entry.filename.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", entry.filename) or ":" in entry.filename:
        raise Rejected(RejectionReason.ACTIVE_CONTENT)
    if MACRO_PARTS.search(entry.filename):
        raise Rejected(RejectionReason.MACROS)
    if ACTIVE_PARTS.search(entry.filename):
        raise Rejected(RejectionReason.ACTIVE_CONTENT)


def _check_parts(content: bytes, entries: list[zipfile.ZipInfo], checker: PartChecker) -> None:
    """Unpack and check each part. Sizes in the list may be wrong: an entry of another size or checksum counts as damage."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in entries:
            part = _unpacked(archive, entry)
            if part.startswith(EMBEDDED):
                raise Rejected(RejectionReason.ACTIVE_CONTENT)
            name = entry.filename.lower()
            if part and (name.endswith((".xml", ".rels", ".vml", ".rdf")) or markup.is_xml(part)):
                checker.check_part(name, part)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as part:
            return part.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Rejected(RejectionReason.BROKEN) from None


def _entries(content: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        raise Rejected(RejectionReason.BROKEN) from None
    if not found or min(entry.header_offset for entry in found):
        raise Rejected(RejectionReason.POLYGLOT)
    return found
