"""Files written row by row: CSV, XLSX and Parquet with flat memory.

A text that a spreadsheet would read as a formula gets an apostrophe in front (OWASP, "CSV Injection"). Parquet keeps texts as they are:
its readers do not calculate.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

from analytics.exports.policy import Column, ExportFormat
from analytics.exports.service.cells import Cell
from shared.domain.labels import Language

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
CHUNK: Final = 65_536  # bytes of a finished workbook that are sent at once
SHEET_ROWS: Final = 1_048_575  # below the heading: Excel has 1 048 576 rows in a sheet
GROUP_ROWS: Final = 10_000  # rows of a Parquet row group


class ExportWriter(AbstractContextManager["ExportWriter", None], Protocol):
    """Turns rows into the bytes of a file. Leaving its context removes temporary files."""

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """Return the bytes that these rows have completed; there may be none yet."""

    def finish(self) -> Iterator[bytes]:
        """Yield the rest of the file."""


def neutralised(cell: Cell) -> Cell:
    """Return the cell, a text that begins like a formula with an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


class CsvWriter(ExportWriter):
    """CSV in UTF-8 with the mark by which Excel recognises it."""

    def __init__(self, columns: Sequence[Column], language: Language) -> None:
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text)
        self._text.write("\ufeff")
        self._csv.writerow(column.heading.in_(language) for column in columns)

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        self._csv.writerows([_in_csv(cell) for cell in row] for row in rows)
        return self._taken()

    def finish(self) -> Iterator[bytes]:
        yield self._taken()

    def _taken(self) -> bytes:
        written = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return written

    def __exit__(self, *_: object) -> None:
        self._text.close()


def _in_csv(cell: Cell) -> Cell:
    return str(cell).lower() if isinstance(cell, bool) else neutralised(cell)


class XlsxWriter(ExportWriter):
    """An Excel workbook, collected in a temporary folder: its beginning is known only when its last row is."""

    def __init__(self, columns: Sequence[Column], language: Language) -> None:
        import xlsxwriter  # noqa: PLC0415 - 5 MB that only exports need

        self._headings = [column.heading.in_(language) for column in columns]
        self._folder = TemporaryDirectory(prefix="export-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / "export.xlsx"
        options = {"constant_memory": True, "tmpdir": self._folder.name, "default_date_format": "yyyy-mm-dd", "use_zip64": True}
        self._book = xlsxwriter.Workbook(self._path, options)
        self._bold = self._book.add_format({"bold": True})
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._headings) - 1, 18)
        self._row = 0
        for place, heading in enumerate(self._headings):
            self._sheet.write_string(0, place, heading, self._bold)

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        for row in rows:
            if self._row == SHEET_ROWS:
                self._begin_sheet()
            self._row += 1
            for number, cell in enumerate(row):
                self._write(number, cell)
        return b""

    def _write(self, number: int, cell: Cell) -> None:
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._row, number, cell)
        elif isinstance(cell, date):
            self._sheet.write_datetime(self._row, number, cell)
        elif isinstance(cell, int):
            self._sheet.write_number(self._row, number, cell)
        elif cell:
            self._sheet.write_string(self._row, number, str(neutralised(cell)))

    def finish(self) -> Iterator[bytes]:
        self._book.close()
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def __exit__(self, *_: object) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()  # open if the file was not finished
        self._folder.cleanup()


class _Sink(io.RawIOBase):
    """Collects what is written until it is taken."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        written = bytes(data)
        self._waiting += written
        self._position += len(written)
        return len(written)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting


class ParquetWriter(ExportWriter):
    """Parquet with the codes of the columns as their names, and the headings as a description in the schema."""

    def __init__(self, columns: Sequence[Column], language: Language) -> None:
        import pyarrow as pa  # noqa: PLC0415 - 42 MB and 0.3 s that only this format needs
        from pyarrow.parquet import ParquetWriter as ArrowWriter  # noqa: PLC0415

        self._arrow = pa
        types = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), date: pa.date32()}
        self._schema = pa.schema(
            [pa.field(column.code, types[column.cell_type], metadata={"heading": column.heading.in_(language)}) for column in columns]
        )
        self._sink = _Sink()
        self._file = ArrowWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Any] = []
        self._count = 0

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        arrays = [self._arrow.array(cells, field.type) for cells, field in zip(zip(*rows, strict=True), self._schema, strict=True)]
        self._waiting.append(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._count += len(rows)
        if self._count >= GROUP_ROWS:
            self._write_group()
        return self._sink.taken()

    def _write_group(self) -> None:
        if self._waiting:
            self._file.write_table(self._arrow.concat_tables(self._waiting).combine_chunks(), row_group_size=self._count)
        self._waiting, self._count = [], 0

    def finish(self) -> Iterator[bytes]:
        self._write_group()
        self._file.close()
        yield self._sink.taken()

    def __exit__(self, *_: object) -> None:
        self._waiting = []


WRITERS: Final[Mapping[ExportFormat, Callable[[Sequence[Column], Language], ExportWriter]]] = {
    ExportFormat.CSV: CsvWriter,
    ExportFormat.XLSX: XlsxWriter,
    ExportFormat.PARQUET: ParquetWriter,
}
