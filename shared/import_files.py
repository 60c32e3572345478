"""Parser of import files: CSV and NDJSON, read strictly and block by block, with the line numbers that an editor shows.

CSV (RFC 4180) may use commas, semicolons or tabs and be in UTF-8 or UTF-16, as Excel writes it; the header shows which. A line
that cannot be read is one entry and never swallows the lines after it. Every byte is examined a bounded number of times.
"""

import asyncio
import codecs
import csv
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from shared.domain.text import clean
from shared.errors import DomainError, FieldError, InvalidInput, MalformedText, PayloadTooLarge

BLOCK: Final = 65_536  # bytes parsed at a time in a thread: a few milliseconds
LINE_LIMIT: Final = 262_144  # bytes: a text of 20 000 characters, each written as an escape, and the rest of the row
WIDE: Final = 5  # columns: below that number a line of prose has as many separators by chance
SEPARATORS: Final = (",", ";", "\t")
SEPARATOR_HINT: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # the first line that Excel writes itself
MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
HEADER: Final = "The first line must name the columns, each a known one, once, separated by commas, semicolons or tabs."
NOT_UTF8: Final = 'The text is not in UTF-8 but, it seems, in Windows-1251, which has no Kazakh letters. Save the file as "CSV UTF-8".'
BAD_LINE: Final = "The line does not have the cells of the header, or a quotation mark in it opens a cell and does not close it."

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

csv.field_size_limit(LINE_LIMIT)


class MalformedCsv(DomainError):
    code, status, title = "malformed-csv", 400, "The line does not have the columns of the header."


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty: its number, and its text or the error that prevents reading it."""

    number: int
    text: str | DomainError


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """A row of a CSV file: the number of its first line, and its non-empty cells by column or the error that prevents reading them."""

    line: int
    cells: dict[str, str] | DomainError


class LineReader:
    """Splits a file in UTF-8 or UTF-16 with any line ends into lines. Pass the blocks to `feed`, the last one with `final=True`.

    With `alone` a line in another encoding is one faulty line. Otherwise a file is refused when none of its non-ASCII lines is
    UTF-8.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._alone = alone
        self._decoder: codecs.IncrementalDecoder | None = None
        self._beginning, self._rest = bytearray(), bytearray()
        self._ends_in_return = self._is_started = False
        self._number = 0

    def feed(self, data: bytes, *, final: bool = False) -> list[Line]:
        """Return the lines that are complete. Raises MalformedText for a file in another encoding."""
        if not self._is_started:
            self._beginning += data
            if len(self._beginning) < BLOCK and not final:
                return []
            data = self._start()
            first = self._lines(data, final=final)
            if not self._alone:
                _check_encoding(first)
            return first
        return self._lines(data, final=final)

    def _start(self) -> bytes:
        self._is_started = True
        beginning = bytes(self._beginning)
        self._beginning.clear()
        mark, encoding = next((each for each in MARKS if beginning.startswith(each[0])), (b"", _without_mark(beginning)))
        beginning = beginning.removeprefix(mark)
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)()
        return beginning

    def _lines(self, data: bytes, *, final: bool) -> list[Line]:
        """Split data into lines. Of a line beyond the limit only enough is held to recognise that it is too long."""
        found = []
        *ended, last = self._with_line_feeds(data, final=final).split(b"\n")
        for piece in ended:
            found += self._line(piece)
        if len(self._rest) <= LINE_LIMIT:
            self._rest += last
        if final and self._rest:
            found += self._line(b"")
        return found

    def _line(self, piece: bytes) -> list[Line]:
        self._number += 1
        raw = bytes(self._rest) + piece
        self._rest.clear()
        if len(raw) > LINE_LIMIT:
            return [Line(self._number, PayloadTooLarge("The line is longer than any row may be."))]
        try:
            return [Line(self._number, raw.decode())]
        except UnicodeDecodeError:
            return [Line(self._number, MalformedText(NOT_UTF8))]

    def _with_line_feeds(self, data: bytes, *, final: bool) -> bytes:
        """Convert data to UTF-8 with line feeds as line ends. A carriage return at the end of a block waits for the next block."""
        if self._decoder is not None:
            try:
                data = self._decoder.decode(data, final).encode()
            except UnicodeError:
                raise MalformedText("The text is not valid UTF-16.") from None
        if self._ends_in_return:
            data = b"\r" + data
        self._ends_in_return = data.endswith(b"\r") and not final
        if self._ends_in_return:
            data = data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def check_header(names: Sequence[str], columns: Collection[str], required: Collection[str]) -> None:
    """Raise InvalidInput if a header names an unknown column or a column twice, or lacks a required one."""
    missing = [name for name in required if name not in names]
    if not names or set(names) - set(columns) or len(set(names)) < len(names) or missing:
        errors = [FieldError(name, "required", "This column is required.") for name in missing]
        raise InvalidInput(errors or [FieldError("header", "unknown-field", HEADER)], HEADER)


class CsvReader:
    """Reads records under a header that names known columns. Pass the blocks to `feed`, the last one with `final=True`."""

    def __init__(self, columns: Collection[str], *, required: Collection[str] = ()) -> None:
        self._lines = LineReader()
        self._waiting: list[Line] = []
        self._columns, self._required = columns, required
        self._header: list[str] | None = None
        self._separator = SEPARATORS[0]
        self._alone_until = 0
        """Up to this line a record may not continue on the next line, because such a record was malformed."""

    def feed(self, data: bytes, *, final: bool = False) -> list[CsvRecord]:
        """Return the records that are complete. Raises InvalidInput for an unknown header, MalformedText for another encoding."""
        self._waiting += self._lines.feed(data, final=final)
        found = []
        index = 0
        while index < len(self._waiting):
            if self._header is None:
                index += self._read_header(self._waiting[index])
                continue
            if not self._waiting[index].text:
                index += 1
                continue
            taken, cells = self._record(index, final=final)
            if not taken:
                break
            if cells is not None:
                found.append(CsvRecord(self._waiting[index].number, cells))
            index += taken
        del self._waiting[:index]
        if final and self._header is None:
            self._read_header(Line(1, ""))
        return found

    def _read_header(self, line: Line) -> int:
        """Find the separator under which the line names known columns. Returns 1, the number of lines read."""
        if isinstance(line.text, DomainError):
            raise line.text
        hint = SEPARATOR_HINT.fullmatch(line.text)
        if line.number == 1 and hint is not None:
            return 1
        names: list[str] = []
        for separator in SEPARATORS:
            found = [clean(cell) for cell in _cells([line.text], separator) or []]
            if sum(name in self._columns for name in found) > sum(name in self._columns for name in names) or not names:
                names, self._separator = found, separator
        check_header(names, self._columns, self._required)
        self._header = names
        return 1

    def _record(self, index: int, *, final: bool) -> tuple[int, dict[str, str] | DomainError | None]:
        """Return how many lines the record at `index` takes and its cells, None for an empty record. 0 lines: the record is incomplete."""
        first = self._waiting[index]
        if isinstance(first.text, DomainError):
            return 1, first.text
        source = _Source(self._waiting, index, alone=first.number <= self._alone_until)
        cells = _cells(source, self._separator)
        if cells is not None and len(cells) == len(self._header or ()) and not self._swallows_rows(index, source.taken):
            row = {name: cell for name, cell in zip(self._header or (), cells, strict=True) if cell.strip()}
            return source.taken, row or None
        if cells is not None and not any(cell.strip() for cell in cells):
            return source.taken, None
        if source.is_exhausted and not final and cells is None:
            return 0, None
        self._alone_until = max(self._alone_until, first.number + source.taken - 1)
        return 1, PayloadTooLarge(BAD_LINE) if source.is_too_long else MalformedCsv(BAD_LINE)

    def _swallows_rows(self, index: int, taken: int) -> bool:
        """Return whether a line inside a cell is a row of the header's width: then a quotation mark was never closed."""
        width = len(self._header or ())
        inside = self._waiting[index + 1 : index + taken - 1] if width >= WIDE else []
        return any(isinstance(line.text, str) and len(_cells([line.text], self._separator) or ()) == width for line in inside)


class _Source:
    """The lines of a record as an iterator for the CSV parser, which asks for the next line while a quotation mark is open."""

    def __init__(self, lines: list[Line], start: int, *, alone: bool) -> None:
        self._lines, self._start = lines, start
        self._alone = alone
        self._size = self.taken = 0
        self.is_exhausted = self.is_too_long = False

    def __iter__(self) -> Iterator[str]:
        for index in range(self._start, len(self._lines)):
            text = self._lines[index].text
            if self.taken and (self._alone or isinstance(text, DomainError)):
                return
            assert isinstance(text, str)  # noqa: S101 - the first line was looked at before
            self._size += len(text)
            if self._size > LINE_LIMIT:
                self.is_too_long = True
                return
            self.taken += 1
            yield text + "\n"
        self.is_exhausted = True


def _cells(lines: Iterable[str], separator: str) -> list[str] | None:
    """Return the cells of the first record, or None if it is malformed or incomplete."""
    try:
        return next(csv.reader(lines, delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _without_mark(beginning: bytes) -> str:
    """Return the encoding of a file without a byte order mark. UTF-16 shows by a zero byte in its first character, a Latin letter."""
    head = beginning[:2]
    if len(head) == len(b"xx") and head[0] and not head[1]:
        return "utf-16-le"
    if len(head) == len(b"xx") and not head[0] and head[1]:
        return "utf-16-be"
    return "utf-8"


def _check_encoding(lines: Sequence[Line]) -> None:
    """Raise MalformedText if there are non-ASCII lines and none of them is UTF-8: then the whole file is in another encoding."""
    readable = any(isinstance(line.text, str) and not line.text.isascii() for line in lines)
    if not readable and any(isinstance(line.text, MalformedText) for line in lines):
        raise MalformedText(NOT_UTF8)


class Reader(Protocol[T_co]):
    """The interface of `LineReader` and `CsvReader`."""

    def feed(self, data: bytes, *, final: bool = False) -> Sequence[T_co]: ...


async def parsed(body: AsyncIterator[bytes], reader: Reader[T], convert: Callable[[T], R], *, limit: int) -> AsyncIterator[list[R]]:
    """Parse and convert a body of at most `limit` bytes, block by block in a thread, so that the event loop stays free.

    Raises PayloadTooLarge, and whatever the reader raises for a file that it refuses as a whole.
    """

    def work(block: bytes, *, final: bool) -> list[R]:
        return [convert(each) for each in reader.feed(block, final=final)]

    total, block = 0, bytearray()
    async for chunk in body:
        total += len(chunk)
        if total > limit:
            raise PayloadTooLarge
        block += chunk
        while len(block) >= BLOCK:
            yield await asyncio.to_thread(work, bytes(block[:BLOCK]), final=False)
            del block[:BLOCK]
    yield await asyncio.to_thread(work, bytes(block), final=True)
