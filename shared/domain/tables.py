"""Parser of reference files: CSV with `#` comment lines. Every cell is checked, and every error names its file and row."""

import csv
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from shared.domain.labels import Label

T = TypeVar("T")


class ReferenceDataError(ValueError):
    """A reference file is invalid. It is raised when the file is loaded, so that the process does not start."""

    def __init__(self, file: str, row: int, problem: str) -> None:
        super().__init__(f"{file}, row {row}: {problem}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. `number` is its line number in the file."""

    file: str
    number: int
    cells: Mapping[str, str]

    def error(self, problem: str) -> ReferenceDataError:
        return ReferenceDataError(self.file, self.number, problem)

    def optional(self, column: str) -> str | None:
        return self.cells[column] or None

    def text(self, column: str) -> str:
        if not self.cells[column]:
            raise self.error(f"{column} is empty")
        return self.cells[column]

    def codes(self, column: str) -> frozenset[str]:
        """Return the codes in a cell, separated by spaces."""
        return frozenset(self.text(column).split())

    def one_of(self, column: str, allowed: Container[str]) -> str:
        value = self.text(column)
        if value not in allowed:
            raise self.error(f"{column} {value!r} is not known")
        return value

    def number_in(self, column: str, low: int, high: int) -> int:
        value = self.text(column)
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise self.error(f"{column} {value!r} is not a whole number from {low} to {high}")
        return int(value)

    def flag(self, column: str) -> bool:
        return self.one_of(column, frozenset({"true", "false"})) == "true"

    def day(self, column: str) -> date | None:
        """Return the date in a cell, None for an empty cell (an open end)."""
        value = self.cells[column]
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise self.error(f"{column} {value!r} is not a date") from None

    def label(self, prefix: str = "") -> Label:
        return Label(self.text(f"{prefix}kk"), self.text(f"{prefix}ru"), self.text(f"{prefix}en"))


def read_text(file: str) -> str:
    return (files("shared.domain") / "data" / file).read_text(encoding="utf-8")


def rows(file: str) -> list[Row]:
    """Return the rows of a table. Raises ReferenceDataError for a row whose width differs from the header's, or a missing source."""
    return parse_rows(file, read_text(file))


def parse_rows(file: str, text: str) -> list[Row]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines or not lines[0][1].startswith("# source: "):
        raise ReferenceDataError(file, 1, "does not open with its source")
    body = [(number, _cells(file, number, line)) for number, line in lines if not line.startswith("#")]
    header = body[0][1]
    found = []
    for number, cells in body[1:]:
        if len(cells) != len(header):
            raise ReferenceDataError(file, number, f"{len(cells)} cells under {len(header)} columns")
        found.append(Row(file, number, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    return found


def _cells(file: str, number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ReferenceDataError(file, number, str(error)) from None


def table(file: str, build: Callable[[Row], T], *, key: str = "code") -> Mapping[str, T]:
    """Return a read-only mapping from the key column to the result of `build` for each row.

    Raises ReferenceDataError for a duplicate key.
    """
    entries: dict[str, T] = {}
    for row in rows(file):
        code = row.text(key)
        if code in entries:
            raise row.error(f"{code} is given twice")
        entries[code] = build(row)
    return MappingProxyType(entries)
