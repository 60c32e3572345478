"""Statistical disclosure control: decides which counts of a quarter are public, so that no small count can be computed from the others.

A public answer is a sum of counts of calendar quarters, and it is shown only if each of these counts is shown. Public answers therefore
reveal nothing beyond the shown counts of single quarters, and each quarter can be protected by itself.

A quarter has tables of counts by region and code. Their totals by region are either the same (channel, kind) or cells of another table
(the reasons of complaints, the topics of consultations). A small count is hidden together with other counts, chosen so that the hidden
counts can change while every shown count, totals included, stays the same:

- a rectangle: (region, code) and (other region, other code) grow while (region, other code) and (other region, code) shrink, or
- a pair: (region, code) grows and (region, other code) shrinks; the country's counts of both codes are hidden as well.

The code of a hidden count is shown, so readers know that the count is at least one. If the partners of a small count are too small to
change (a row of ones and their sum), the zeros of the rows are hidden too. Readers then know only the sum.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from analytics.kpis.policy import CountedKind
from analytics.kpis.service.suppression import is_small, suppressed

Cells = Mapping[tuple[str, str], int]
"""Counts by region and code."""
RegionRow = str | None
"""A row of a table: a region, or None for the country."""


class QuarterCounts(NamedTuple):
    """The counts of a quarter by region and code; `categories` counts complaints, `topics` consultations."""

    channels: Cells
    kinds: Cells
    categories: Cells
    topics: Cells


@dataclass(frozen=True, slots=True)
class PublicTable:
    """Counts of a quarter by row and code, and which of them are hidden."""

    counts: Mapping[tuple[RegionRow, str], int]
    totals: Mapping[RegionRow, int]
    hidden_rows: frozenset[RegionRow]
    """Rows whose total is hidden, and with it every count."""
    hidden: frozenset[tuple[RegionRow, str]]
    without_zeros: frozenset[RegionRow]
    """Rows whose zeros are hidden."""

    def total(self, row: RegionRow) -> int | None:
        """Return the total of a row; None if it is hidden."""
        return None if row in self.hidden_rows else self.totals.get(row, 0)

    def count(self, row: RegionRow, code: str) -> int | None:
        """Return a count; None if it is hidden."""
        count = self.counts.get((row, code), 0)
        if row in self.hidden_rows or (row, code) in self.hidden or (count == 0 and row in self.without_zeros):
            return None
        return count

    def codes(self, row: RegionRow) -> set[str]:
        """Return the codes that have a count in a row."""
        return {code for each, code in self.counts if each == row}


@dataclass(frozen=True, slots=True)
class PublicQuarter:
    """The public tables of a quarter."""

    channels: PublicTable
    kinds: PublicTable
    categories: PublicTable
    topics: PublicTable


def protect(counts: QuarterCounts, regions: Iterable[str], threshold: int) -> PublicQuarter:
    """Return the public tables, with every count from 1 to `threshold` - 1 hidden and every count that would reveal it."""
    totals = _totals(counts.channels)
    hidden_rows = _hidden_rows(totals, frozenset(regions), threshold)
    kinds = _table(counts.kinds, hidden_rows, threshold)
    return PublicQuarter(
        channels=_table(counts.channels, hidden_rows, threshold),
        kinds=kinds,
        categories=_table(counts.categories, _rows_hidden_in(kinds, CountedKind.COMPLAINT, regions), threshold),
        topics=_table(counts.topics, _rows_hidden_in(kinds, CountedKind.CONSULTATION, regions), threshold),
    )


def _totals(cells: Cells) -> Counter[RegionRow]:
    totals: Counter[RegionRow] = Counter()
    for (region, _), count in cells.items():
        totals[region] += count
        totals[None] += count
    return totals


def _hidden_rows(totals: Mapping[RegionRow, int], regions: frozenset[str], threshold: int) -> frozenset[RegionRow]:
    """Return the rows whose totals are hidden; every region and the country if the country's total is small."""
    if is_small(totals.get(None, 0), threshold):
        return frozenset({None, *regions})
    hidden = suppressed({region: totals.get(region, 0) for region in regions}, threshold)
    if hidden and all(totals[region] < threshold for region in hidden):
        hidden |= {region for region in regions if not totals.get(region, 0)}
    return frozenset(hidden)


def _rows_hidden_in(table: PublicTable, code: str, regions: Iterable[str]) -> frozenset[RegionRow]:
    return frozenset(row for row in (None, *regions) if table.count(row, code) is None)


def _table(cells: Cells, hidden_rows: frozenset[RegionRow], threshold: int) -> PublicTable:
    counts: Counter[tuple[RegionRow, str]] = Counter()
    for (region, code), count in cells.items():
        if count:
            counts[region, code] += count
            counts[None, code] += count
    protection = _Protection(counts, hidden_rows, threshold)
    protection.hide()
    return PublicTable(dict(counts), dict(_totals(cells)), hidden_rows, frozenset(protection.hidden), frozenset(protection.without_zeros))


class _Choice(NamedTuple):
    """Counts to hide together with a small one. Fewer small partners (`weak`) are better, then fewer hidden appeals (`cost`)."""

    weak: int
    cost: int
    cells: tuple[tuple[RegionRow, str], ...]


class _Protection:
    """Chooses what to hide in one table."""

    def __init__(self, counts: Mapping[tuple[RegionRow, str], int], hidden_rows: frozenset[RegionRow], threshold: int) -> None:
        self._counts = counts
        self._hidden_rows = hidden_rows
        self._threshold = threshold
        self.hidden: set[tuple[RegionRow, str]] = set()
        self.without_zeros: set[RegionRow] = set()
        self._rows: dict[RegionRow, dict[str, int]] = {}
        self._columns: dict[str, dict[RegionRow, int]] = {}
        for (row, code), count in sorted(counts.items(), key=lambda item: (item[1], str(item[0]))):
            self._rows.setdefault(row, {})[code] = count
            if row is not None:
                self._columns.setdefault(code, {})[row] = count

    def hide(self) -> None:
        """Choose what to hide: first for small counts of the country, then for small counts of regions."""
        if None not in self._hidden_rows:
            for code, count in self._rows.get(None, {}).items():
                if is_small(count, self._threshold):
                    self._protect_country(code)
        for (region, code), count in self._counts.items():
            if region is not None and region not in self._hidden_rows and is_small(count, self._threshold):
                self._apply((*self._rectangles(region, code), *self._pairs(region, code)))

    def _protect_country(self, code: str) -> None:
        """Hide a small count of the whole country by a pair in a region that has it."""
        shown = [region for region in self._columns[code] if region not in self._hidden_rows]
        if shown:
            self._apply(self._pairs(shown[0], code))
        else:
            row = self._rows[None]
            self._apply(self._choice(((None, code), (None, other)), (row[other],)) for other in row if other != code)

    def _apply(self, choices: Iterable[_Choice]) -> None:
        best = min(choices, key=lambda choice: (choice.weak, choice.cost))
        self.hidden.update(best.cells)
        if best.weak:
            self.without_zeros.update(row for row, _ in best.cells)

    def _rectangles(self, region: str, code: str) -> Iterator[_Choice]:
        row = self._rows[region]
        for other, lower in self._columns[code].items():
            if other == region:
                continue
            across = self._rows[other]
            for other_code, partner in row.items():
                if other_code != code and other_code in across:
                    corners = ((region, other_code), (other, code), (other, other_code))
                    yield self._choice(((region, code), *corners), (partner, lower, across[other_code]))

    def _pairs(self, region: RegionRow, code: str) -> Iterator[_Choice]:
        country = () if None in self._hidden_rows else ((None, code),)
        for other_code, partner in self._rows[region].items():
            if other_code != code:
                both = (*country, (None, other_code)) if country else ()
                yield self._choice(((region, code), (region, other_code), *both), (partner,))

    def _choice(self, cells: tuple[tuple[RegionRow, str], ...], partners: Iterable[int]) -> _Choice:
        new = [cell for cell in cells if cell[0] not in self._hidden_rows and cell not in self.hidden]
        weak = sum(is_small(count, self._threshold) for count in partners)
        return _Choice(weak, sum(self._counts[cell] for cell in new), cells)
