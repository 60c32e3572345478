"""How a former register's file is read: NDJSON or CSV, line by line as it comes in, never whole."""

import csv
from collections.abc import AsyncIterator, Callable
from typing import Final

from pydantic import ValidationError

from intake.schemas import LegacyRow
from intake.service.imports import Line
from shared.domain.text import clean
from shared.errors import DomainError, InvalidInput, MalformedText, PayloadTooLarge
from shared.http import parse

FILE_LIMIT: Final = 64 * 1024 * 1024  # bytes
LINE_LIMIT: Final = 262_144  # bytes: a text of 20 000 characters, each written as an escape, and the rest of a row
NDJSON, CSV = "application/x-ndjson", "text/csv"
COLUMNS: Final = frozenset(LegacyRow.model_fields)

csv.field_size_limit(LINE_LIMIT)


class MalformedCsv(DomainError):
    code, status, title = "malformed-csv", 400, "The line does not have the columns of the header."


def reader_of(media_type: str) -> Callable[[AsyncIterator[bytes]], AsyncIterator[Line]] | None:
    """How a body of this media type is read; None for one that is not known."""
    return {NDJSON: read_ndjson, CSV: read_csv}.get(media_type)


async def read_ndjson(body: AsyncIterator[bytes]) -> AsyncIterator[Line]:
    async for number, raw in _lines(body):
        if raw.strip():
            yield Line(number, _json_row(raw))


async def read_csv(body: AsyncIterator[bytes]) -> AsyncIterator[Line]:
    """Rows under a header; a quoted cell may hold line breaks, and an empty one says nothing. Raises InvalidInput for unknown columns."""
    header: list[str] | None = None
    async for number, raw in _records(body):
        cells = _cells(raw)
        if header is None:
            header = [clean(one) for one in cells] if isinstance(cells, list) else []
            if not header or len(set(header)) < len(header) or not COLUMNS.issuperset(header):
                raise InvalidInput.field("header", "unknown-field", "The first line names the columns, each a known one, once.")
        elif isinstance(cells, DomainError):
            yield Line(number, cells)
        elif cells:
            yield Line(number, _row(header, cells))


def _json_row(raw: bytes) -> LegacyRow | DomainError:
    if len(raw) > LINE_LIMIT:
        return PayloadTooLarge()
    try:
        return parse(LegacyRow, raw)
    except DomainError as error:
        return error


def _cells(raw: bytes) -> list[str] | DomainError:
    if len(raw) > LINE_LIMIT:
        return PayloadTooLarge()
    try:
        return next(csv.reader([raw.decode()], strict=True), [])
    except UnicodeDecodeError:
        return MalformedText()
    except csv.Error:
        return MalformedCsv()


def _row(header: list[str], cells: list[str]) -> LegacyRow | DomainError:
    if len(cells) != len(header):
        return MalformedCsv()
    try:
        given = {name: clean(cell) for name, cell in zip(header, cells, strict=True) if cell.strip()}
        return LegacyRow.model_validate(given, strict=True)
    except ValidationError as error:
        return InvalidInput.of(error)


async def _records(body: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """CSV records with the number of their first line: a record goes on while a quote is open (RFC 4180)."""
    pending, first, quotes = bytearray(), 0, 0
    async for number, raw in _lines(body):
        first = first or number
        pending += raw
        quotes += raw.count(b'"')
        if quotes % 2 == 0 or len(pending) > LINE_LIMIT:
            yield first, bytes(pending)
            pending, first, quotes = bytearray(), 0, 0
    if pending:
        yield first, bytes(pending)


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Lines with their break, numbered from 1; of one beyond the limit only so much is kept as shows that it is. Raises PayloadTooLarge."""
    rest, number, total = bytearray(), 0, 0
    async for chunk in body:
        total += len(chunk)
        if total > FILE_LIMIT:
            raise PayloadTooLarge
        *ended, last = chunk.split(b"\n")
        for piece in ended:
            rest += piece + b"\n"
            number += 1
            yield number, _without_mark(bytes(rest), number)
            rest.clear()
        if len(rest) <= LINE_LIMIT:
            rest += last
    if rest:
        yield number + 1, _without_mark(bytes(rest), number + 1)


def _without_mark(line: bytes, number: int) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
