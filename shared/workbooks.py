"""Reader of workbooks (XLSX): the rows of the first sheet under a header that names known columns, as `shared.import_files` reads CSV.

A workbook is a ZIP archive. Its announced size is checked before anything is unpacked, and unpacking stops at the announced size.
"""

import io
import zipfile
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from shared.domain.text import clean
from shared.errors import MalformedText
from shared.import_files import CsvRecord, check_header

MAGIC: Final = b"PK\x03\x04"
UNPACKED_LIMIT: Final = 64 * 1024 * 1024  # bytes of all parts: ten times a list of the country's providers
PARTS_LIMIT: Final = 2_000  # parts of the archive; a workbook of lists has a dozen
ROWS_LIMIT: Final = 100_000
COLUMNS_LIMIT: Final = 200
NOT_A_WORKBOOK: Final = 'The file is not a workbook that can be read. Save it as "Excel workbook (.xlsx)" or as "CSV UTF-8".'
TOO_LARGE: Final = "The workbook is larger than any list: delete sheets and rows that do not belong to it."


def is_workbook(raw: bytes) -> bool:
    """Return whether the bytes begin like a ZIP archive, as a workbook does."""
    return raw.startswith(MAGIC)


def read_workbook(raw: bytes, columns: Collection[str], *, required: Collection[str] = ()) -> list[CsvRecord]:
    """Return the records of the first sheet, with the row numbers that Excel shows.

    Numbers lose no digits, and days are in ISO form. Raises MalformedText for a file that cannot be read, InvalidInput for an
    unknown header.
    """
    _check_size(raw)
    rows = _rows(raw)
    header: list[str] | None = None
    records = []
    for number, row in rows:
        cells = [clean(_text(cell)) for cell in row]
        if header is None:
            if any(cells):
                header = _without_empty_end(cells)
                check_header(header, columns, required)
            continue
        values = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
        if values:
            records.append(CsvRecord(number, values))
    if header is None:
        check_header([], columns, required)
    return records


def _check_size(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise MalformedText(NOT_A_WORKBOOK) from None
    if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise MalformedText(TOO_LARGE)


def _rows(raw: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of the first sheet with their numbers."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - most processes never read a workbook

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            first = (sheet.start or (0, 0))[0] + 1
            if sheet.total_height > ROWS_LIMIT or sheet.total_width > COLUMNS_LIMIT:
                raise MalformedText(TOO_LARGE)
            yield from enumerate(sheet.to_python(skip_empty_area=True), start=first)
    except (CalamineError, OSError, ValueError, IndexError):
        raise MalformedText(NOT_A_WORKBOOK) from None


def _text(cell: object) -> str:
    """Return a cell as text: a whole number without a decimal point, a day in ISO form."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _without_empty_end(cells: list[str]) -> list[str]:
    last = max(index for index, cell in enumerate(cells) if cell)
    return cells[: last + 1]
