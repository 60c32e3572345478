"""Reading the file of a former register: NDJSON or CSV, in batches of lines while it arrives, never whole."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

from pydantic import ValidationError

from intake.imports.schemas import LegacyRow
from intake.imports.service.importing import BATCH, Line
from shared import import_files
from shared.domain.text import clean
from shared.errors import DomainError, InvalidInput
from shared.http import parse

FILE_LIMIT: Final = 64 * 1024 * 1024  # bytes
BATCH_CHARACTERS: Final = 1_000_000  # of the texts of a batch: they are in memory together
NDJSON, CSV = "application/x-ndjson", "text/csv"


def reader_of(media_type: str, form: type[LegacyRow] = LegacyRow) -> Callable[[AsyncIterator[bytes]], AsyncIterator[list[Line]]] | None:
    """Return the reader of a media type for lines of this form; None for an unknown media type."""
    found = {NDJSON: read_ndjson, CSV: read_csv}.get(media_type)
    return None if found is None else partial(found, form=form)


def read_ndjson(body: AsyncIterator[bytes], form: type[LegacyRow] = LegacyRow) -> AsyncIterator[list[Line]]:
    """Yield the rows of an NDJSON body in batches; empty lines are skipped.

    Raises MalformedText for a file in another encoding, and PayloadTooLarge.
    """
    return _filled(import_files.parsed(body, import_files.LineReader(alone=True), partial(_json_row, form=form), limit=FILE_LIMIT))


def read_csv(body: AsyncIterator[bytes], form: type[LegacyRow] = LegacyRow) -> AsyncIterator[list[Line]]:
    """Yield the rows of a CSV body with a header; an empty cell is no value.

    Raises InvalidInput for unknown columns, MalformedText and PayloadTooLarge.
    """
    return _filled(import_files.parsed(body, import_files.CsvReader(form.model_fields), partial(_csv_row, form=form), limit=FILE_LIMIT))


async def in_batches(found: AsyncIterator[list[Line]]) -> AsyncIterator[list[Line]]:
    """Yield the lines in batches of BATCH lines, fewer where their texts are long: a batch is one transaction."""
    waiting: list[Line] = []
    size = 0
    async for lines in found:
        for line in lines:
            waiting.append(line)
            size += _length(line)
            if len(waiting) == BATCH or size > BATCH_CHARACTERS:
                yield waiting
                waiting, size = [], 0
    if waiting:
        yield waiting


def _length(line: Line) -> int:
    return 0 if isinstance(line.row, DomainError) else len(line.row.text or "")


async def _filled(found: AsyncIterator[list[Line | None]]) -> AsyncIterator[list[Line]]:
    async for batch in found:
        yield [line for line in batch if line is not None]


def _json_row(line: import_files.Line, form: type[LegacyRow]) -> Line | None:
    if isinstance(line.text, DomainError):
        return Line(line.number, line.text)
    if not line.text.strip():
        return None
    try:
        return Line(line.number, parse(form, line.text.encode()))
    except DomainError as error:
        return Line(line.number, error)


def _csv_row(record: import_files.CsvRecord, form: type[LegacyRow]) -> Line:
    if isinstance(record.cells, DomainError):
        return Line(record.line, record.cells)
    try:
        given = {name: clean(cell) for name, cell in record.cells.items()}
        return Line(record.line, form.model_validate(given, strict=True))
    except ValidationError as error:
        return Line(record.line, InvalidInput.of(error))
