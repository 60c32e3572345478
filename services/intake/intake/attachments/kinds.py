"""What a file is by its content, and whether it is that alone: nothing hidden in it, nothing that runs, nothing that grows."""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

import filetype

from intake.attachments.policy import (
    ActiveContent,
    Bomb,
    Broken,
    Empty,
    Encrypted,
    Kind,
    Limits,
    Macros,
    Polyglot,
    TypeMismatch,
    TypeNotAllowed,
    kinds,
    policy,
)

HEAD: Final = 8192  # bytes that `filetype` looks at
WINDOW: Final = 1024  # bytes in which readers of PDF look for its header and its end (ISO 32000-1, annex H.3.4.1 and H.3.4.4)
BLOCK: Final = 65_536
SMALL_ENTRY: Final = 2**20  # below this a high ratio is a page of blanks
DOS_ENTRY: Final = 0x1  # general purpose bit 0 of a ZIP entry: encrypted (APPNOTE 4.4.4)
PDF_ENCRYPTED: Final = re.compile(rb"/Encrypt\s*(<<|\d+\s+\d+\s+R)")
PDF_ACTIVE: Final = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData)(?![A-Za-z])")
PDF_NAME_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
MARKUP: Final = re.compile(r"<(!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php|%)|^(#!|@echo|MZ)", re.IGNORECASE)
RELATIONSHIP: Final = re.compile(rb"<Relationship\s[^>]*>")
LOADED: Final = re.compile(rb"/(attachedTemplate|oleObject|frame|subDocument|externalLink)[\"']")  # opened with the document, unasked
MACRO_PARTS: Final = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml|basic/|scripts/)", re.IGNORECASE)
ACTIVE_PARTS: Final = re.compile(
    r"(^|/)(activex|embeddings|objectreplacements)/|\.(exe|dll|js|vbs|jar|bat|cmd|scr|lnk|html?|svg|zip)$", re.IGNORECASE
)
# The part each kind of document cannot be without
MAIN_PART: Final = {"DOCX": "word/document.xml", "ODT": "content.xml"}


def identify(source: BinaryIO, declared: Kind | None) -> Kind:
    """The kind of what `source` holds, its inside looked through.

    Raises Empty, TypeNotAllowed, TypeMismatch (with the declared kind), Polyglot, Bomb, Macros, ActiveContent, Encrypted or Broken.
    """
    head = _read(source, 0, HEAD)
    if not head:
        raise Empty
    kind = kinds().get(_code(source, head) or "")
    if kind is None:
        raise TypeNotAllowed
    if declared is not None and declared is not kind:
        raise TypeMismatch
    _CHECKS[kind.check](source, kind, policy().limits)
    return kind


def _code(source: BinaryIO, head: bytes) -> str | None:
    if head.startswith(b"PK\x03\x04"):
        return _package_code(source)
    if head.startswith(b"%PDF-"):
        return "PDF"
    found = filetype.guess(head)
    if found is not None:
        return next((kind.code for kind in kinds().values() if kind.check == "image" and found.mime in kind.media_types), None)
    if b"%PDF-" in head[:WINDOW]:
        raise Polyglot
    return "TXT"


def _package_code(source: BinaryIO) -> str | None:
    names = {one.filename for one in _entries(source)}
    if "[Content_Types].xml" in names and MAIN_PART["DOCX"] in names:
        return "DOCX"
    if "mimetype" in names and MAIN_PART["ODT"] in names:
        return "ODT"
    return None


def _image(source: BinaryIO, _kind: Kind, _limits: Limits) -> None:
    """Drawn anew afterwards, so that what phones append to photographs is simply lost; another document in it is no accident."""
    if b"%PDF-" in _read(source, 0, WINDOW):
        raise Polyglot
    _refuse_archive(source)


def _pdf(source: BinaryIO, _kind: Kind, _limits: Limits) -> None:
    tail = _read(source, -WINDOW, WINDOW)
    end = tail.rfind(b"%%EOF")
    if end < 0:
        raise Broken if b"%%EOF" not in _read(source, -BLOCK, BLOCK) else Polyglot
    if tail[end + 5 :].strip(b"\r\n\t \0"):
        raise Polyglot
    _refuse_archive(source)
    source.seek(0)
    before = b""
    while block := source.read(BLOCK):
        seen = before + block
        if b"#" in seen:
            seen = PDF_NAME_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), seen)
        if PDF_ENCRYPTED.search(seen):
            raise Encrypted
        if PDF_ACTIVE.search(seen):
            raise ActiveContent
        before = block[-64:]


def _text(source: BinaryIO, _kind: Kind, _limits: Limits) -> None:
    """UTF-8 or, from old Windows programs, code page 1251; no control characters, no markup, no script."""
    text = _decoded(source)
    if any(ord(each) < 32 and each not in "\t\n\r\f\x1a" for each in set(text)):  # noqa: PLR2004 - the ASCII control characters
        raise TypeNotAllowed
    if MARKUP.search(text.lstrip("\ufeff \t\r\n")):
        raise ActiveContent
    _refuse_archive(source)


def _decoded(source: BinaryIO) -> str:
    """The beginning as text, once all of it was seen to be text."""
    for encoding in ("utf-8", "cp1251"):
        source.seek(0)
        decoder, beginning = codecs.getincrementaldecoder(encoding)(), io.StringIO()
        try:
            while block := source.read(BLOCK):
                text = decoder.decode(block)
                if "\0" in text:
                    raise TypeNotAllowed
                if beginning.tell() < BLOCK:
                    beginning.write(text)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return beginning.getvalue()
    raise TypeNotAllowed


def _package(source: BinaryIO, kind: Kind, limits: Limits) -> None:
    """A document that is a ZIP archive (ECMA-376 part 2, ODF 1.3 part 2): its list is checked, then each entry is unpacked to nothing."""
    entries = _entries(source)
    if len(entries) > limits.package_entries or sum(one.file_size for one in entries) > limits.package_bytes:
        raise Bomb
    if len({one.filename.lower() for one in entries}) != len(entries):
        raise Polyglot  # two programs would read two documents
    for one in entries:
        _entry(one, limits)
    if _read(source, -22, 4) != b"PK\x05\x06":
        raise Polyglot  # something stands behind the archive's end, or in its comment
    _unpack(source, entries, kind)


def _entry(one: zipfile.ZipInfo, limits: Limits) -> None:
    if one.flag_bits & DOS_ENTRY:
        raise Encrypted
    if one.file_size > SMALL_ENTRY and one.file_size > limits.package_ratio * max(one.compress_size, 1):
        raise Bomb
    if one.filename.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", one.filename) or ":" in one.filename:
        raise ActiveContent
    if MACRO_PARTS.search(one.filename):
        raise Macros
    if ACTIVE_PARTS.search(one.filename):
        raise ActiveContent


def _unpack(source: BinaryIO, entries: list[zipfile.ZipInfo], kind: Kind) -> None:
    """Sizes in the list may lie: an entry that is longer, shorter or otherwise than it says is damage."""
    try:
        with zipfile.ZipFile(source) as archive:
            for one in entries:
                with archive.open(one) as entry:
                    before = b""
                    while block := entry.read(BLOCK):
                        _look_at(one.filename, before + block, kind)
                        before = block[-256:]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Broken from None


def _look_at(name: str, content: bytes, kind: Kind) -> None:
    if name == "[Content_Types].xml" and b"macroEnabled" in content:
        raise Macros
    if name.endswith(".rels") and any(b"External" in one and LOADED.search(one) for one in RELATIONSHIP.findall(content)):
        raise ActiveContent
    if kind.code == "ODT" and name == "META-INF/manifest.xml" and b"encryption-data" in content:
        raise Encrypted


def _entries(source: BinaryIO) -> list[zipfile.ZipInfo]:
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        raise Broken from None
    if not found or min(one.header_offset for one in found):
        raise Polyglot
    return found


def _refuse_archive(source: BinaryIO) -> None:
    """Readers of ZIP look for its list at the end of a file, whatever stands before it."""
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            is_archive = bool(archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        is_archive = False
    if is_archive:
        raise Polyglot


def _read(source: BinaryIO, start: int, length: int) -> bytes:
    """`length` bytes from `start`, or from so many bytes before the end."""
    end = source.seek(0, io.SEEK_END)
    source.seek(start if start >= 0 else max(end + start, 0))
    return source.read(length)


_CHECKS: Final[Mapping[str, Callable[[BinaryIO, Kind, Limits], None]]] = {
    "image": _image,
    "pdf": _pdf,
    "package": _package,
    "text": _text,
}
