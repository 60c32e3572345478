"""Sheets of stated figures: CSV (comma, semicolon or tab; UTF-8 or UTF-16) and workbooks, one row per stated figure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from analytics.reconciliations.policy import Explanation, Meaning, columns_by_heading, word_of
from analytics.reconciliations.service.values import Stated, UnreadableValueError, read_value
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.text import clean
from shared.errors import DomainError, InvalidInput, PayloadTooLarge
from shared.field_errors import FieldError
from shared.import_files import HEADER, CsvReader, CsvRecord
from shared.workbooks import is_workbook, read_workbook

ROWS_LIMIT: Final = 2_000
TEXT_LIMIT: Final = 300  # characters of a cell; a longer one is shortened
TOO_MANY_ROWS: Final = f"The file has more than {ROWS_LIMIT} rows."
COUNTRY: Final = "KZ"
_COUNTRY_NAMES: Final = frozenset({"", "kz", "kz-00", "қазақстан", "казахстан", "kazakhstan", "қр", "рк", "республика"})
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_PART_KINDS: Final = (
    (6, re.compile(r"h[12]\b|[12]\s*h\b|полугод|жартыжыл|жарты жыл|half")),
    (3, re.compile(r"q[1-4]\b|[1-4]\s*q\b|кварт|кв\.|тоқсан|quarter")),
)
_PART_NUMBER: Final = re.compile(r"\d+|\b(?:i{1,3}|iv)\b")
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_ONLY_A_YEAR: Final = re.compile(r"[\s.]*(?:г|год\w*|ж|жыл\w*|year)?[\s.]*")
_MONTH: Final = re.compile(r"(?:19|20)\d\d-(0[1-9]|1[0-2])")
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A stated figure with its relations to other rows, which are named by their `key` in small letters.

    `stated`: None for a value that is not stated or cannot be read; then `problem` says why. `part_of`: the total and the name of
    the breakdown. `counts`: what is counted in the number.
    """

    line: int
    key: str = ""
    title: str = ""
    text: str = ""
    stated: Stated | None = None
    problem: Explanation | None = None
    period: str = ""
    region: str = ""
    part_of: tuple[str, str] = ("", "")
    whole_list: bool = False
    figure: str = ""
    share_of: str = ""
    change_from: str = ""
    counts: tuple[str, ...] = ()

    @property
    def claim(self) -> str:
        """Return how the row is called: by its title, or else by its number."""
        return self.title or self.key


def read_sheet(raw: bytes) -> list[FigureRow]:
    """Return the rows of a file, one for each line that is not empty.

    Raises InvalidInput for a first line that does not name the columns, MalformedText for another encoding, PayloadTooLarge for
    too many rows.
    """
    columns = columns_by_heading()
    records = read_workbook(raw, columns) if is_workbook(raw) else CsvReader(columns).feed(raw, final=True)
    if len(records) > ROWS_LIMIT:
        raise PayloadTooLarge(TOO_MANY_ROWS)
    return [_row(record, columns) for record in records]


def _row(record: CsvRecord, columns: Mapping[str, str]) -> FigureRow:
    if isinstance(record.cells, DomainError):
        return FigureRow(record.line, problem=Explanation.LINE_UNREADABLE)
    cells = {columns[heading]: clean(text)[:TEXT_LIMIT] for heading, text in record.cells.items()}
    if len(cells) < len(record.cells):
        raise InvalidInput([FieldError("header", "unknown-field", HEADER)], HEADER)
    stated, problem = _value(cells)
    total, _, breakdown = _reference(cells, "part_of").partition("/")
    return FigureRow(
        line=record.line,
        key=_reference(cells, "id"),
        title=cells.get("title", ""),
        text=cells.get("value", ""),
        stated=stated,
        problem=problem,
        period=cells.get("period", "").casefold(),
        region=region_code(cells.get("region", "")),
        part_of=(total.strip(), breakdown.strip()),
        whole_list=_is_yes(cells.get("whole_list", "")),
        figure=_reference(cells, "figure"),
        share_of=_reference(cells, "share_of"),
        change_from=_reference(cells, "change_from"),
        counts=tuple(filter(None, (each.strip() for each in cells.get("counts", "").split("+")))),
    )


def _value(cells: Mapping[str, str]) -> tuple[Stated | None, Explanation | None]:
    try:
        return read_value(cells.get("value", ""), cells.get("unit", ""), is_change="change_from" in cells), None
    except UnreadableValueError as error:
        return None, error.reason


def _reference(cells: Mapping[str, str], column: str) -> str:
    return " ".join(cells.get(column, "").casefold().split())


def _is_yes(text: str) -> bool:
    known = word_of(text.casefold())
    return bool(text) and text not in {"-", "–", "0"} and (known is None or known.meaning is not Meaning.NO)


@cache
def _regions_by_name() -> Mapping[str, str]:
    found = {code.casefold(): code for code in regions()}
    return found | {name.casefold(): code for code, region in regions().items() for name in region.label.as_dict().values()}


def region_code(text: str) -> str:
    """Return the code of a region, `KZ` for the country, or the text in small letters: a district, a city."""
    given = text.casefold()
    return COUNTRY if given in _COUNTRY_NAMES else _regions_by_name().get(given, given)


def all_regions() -> frozenset[str]:
    """Return the codes of the regions that make up the country."""
    return frozenset(regions()) - {CENTRAL_OFFICE}


def months_of(period: str) -> tuple[int, int] | None:
    """Return the first month of a period and the month after its last, counted from the year 0; None for other texts.

    Understood are a year (2025), a half-year or quarter in any usual form (2025-H1, 1 полугодие 2025, 2025 ж. 3-тоқсан), and a
    month (2025-09).
    """
    years = _YEAR.findall(period)
    if len(years) != 1:
        return None
    start = int(years[0]) * _MONTHS
    if month := _MONTH.fullmatch(period):
        return start + int(month[1]) - 1, start + int(month[1])
    rest = _YEAR.sub(" ", period)
    if _ONLY_A_YEAR.fullmatch(rest):
        return start, start + _MONTHS
    numbers = [_ROMAN.get(number, number) for number in _PART_NUMBER.findall(rest)]
    for length, kind in _PART_KINDS:
        if kind.search(rest) and len(numbers) == 1 and 1 <= int(numbers[0]) <= _MONTHS // length:
            return start + (int(numbers[0]) - 1) * length, start + int(numbers[0]) * length
    return None
