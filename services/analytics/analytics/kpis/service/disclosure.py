"""Statistical disclosure control: decides which counts of a quarter are public, so that no small count follows from the others.

A public answer is a sum of counts of calendar quarters, and it is shown only if each of these counts is shown. Public answers therefore
reveal nothing beyond the shown counts of single quarters, each quarter can be protected by itself, and what was decided for a quarter stays
when the half-year and the year become public.

All counts of a quarter are protected as one table: regions and the country, kinds, the categories of complaints and the topics of
consultations below them, and the channels beside them. A count from 1 to 4 is hidden, and so are as many others as leave it at least five
possible values, with all shown counts and totals as they are. `circulation` chooses them; `docs/decisions` explains why that is enough.

A region whose total is hidden shows nothing. A hidden count is listed, so readers know that it is at least 1; where that would say too
much, the zeros of its row are listed as hidden too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from analytics.kpis.policy import CountedKind
from analytics.kpis.service.circulation import Circulation, CountKey, Node, RegionRow
from analytics.kpis.service.suppression import hidden_totals, is_small

Cells = Mapping[tuple[str, str], int]
"""Counts by region and code."""


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
    hidden_rows: frozenset[RegionRow]
    """Rows of which nothing is shown."""
    hidden: frozenset[tuple[RegionRow, str]]
    without_zeros: frozenset[RegionRow]
    """Rows whose zeros are hidden."""

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
    """The totals of a quarter by row, and its public tables."""

    totals: Mapping[RegionRow, int]
    hidden_rows: frozenset[RegionRow]
    channels: PublicTable
    kinds: PublicTable
    categories: PublicTable
    topics: PublicTable

    def total(self, row: RegionRow) -> int | None:
        """Return the number of appeals of a row; None if it is hidden."""
        return None if row in self.hidden_rows else self.totals.get(row, 0)


_TOTAL, _CHANNELS, _KINDS = "total", "channels", "kinds"
_ROOT: Final[Node] = (None, "root")
_BELOW: Final = {CountedKind.COMPLAINT: "categories", CountedKind.CONSULTATION: "topics"}
"""The tables of the kinds that are split further."""


def protect(counts: QuarterCounts, regions: Iterable[str], threshold: int) -> PublicQuarter:
    """Return the public tables, with every count from 1 to `threshold` - 1 hidden and every count that would narrow it."""
    rows = list(regions)
    totals = _totals(counts.channels)
    hidden_rows = _hidden_rows(totals, rows, threshold)
    networks: list[Circulation] = []
    if None not in hidden_rows:
        shown_or_hidden = [row for row in rows if totals.get(row) or row in hidden_rows]
        networks = [_network(each, totals, shown_or_hidden, threshold) for each in (_channel_counts(counts), _subject_counts(counts))]
        for network in networks:
            _hide_rows(network, hidden_rows)
        if not all(network.protect() for network in networks):
            hidden_rows = frozenset({None, *rows})
    tables = (_CHANNELS, _KINDS, *_BELOW.values())
    return PublicQuarter(totals, hidden_rows, **{each: _table(each, getattr(counts, each), hidden_rows, networks) for each in tables})


def _table(table: str, cells: Cells, hidden_rows: frozenset[RegionRow], networks: Iterable[Circulation]) -> PublicTable:
    counts: Counter[tuple[RegionRow, str]] = Counter()
    for (region, code), count in cells.items():
        if count:
            counts[region, code] += count
            counts[None, code] += count
    hidden = {key for network in networks for key in network.hidden if key.table == table}
    without_zeros = {group for network in networks for group in network.without_zeros if group[0] == table}
    return PublicTable(
        dict(counts),
        hidden_rows,
        frozenset((key.row, key.code) for key in hidden),
        frozenset(row for _, row in without_zeros),
    )


def _totals(cells: Cells) -> Counter[RegionRow]:
    totals: Counter[RegionRow] = Counter()
    for (region, _), count in cells.items():
        totals[region] += count
        totals[None] += count
    return totals


def _hidden_rows(totals: Mapping[RegionRow, int], regions: Iterable[str], threshold: int) -> frozenset[RegionRow]:
    """Return the rows whose totals are hidden; every region and the country if the country's total is small."""
    if is_small(totals.get(None, 0), threshold + 1):
        return frozenset({None, *regions})
    return frozenset(hidden_totals({region: totals.get(region, 0) for region in regions}, threshold))


_Parts = Iterator[tuple[str, str, Cells]]
"""Tables with the kind that they split, or none."""


def _channel_counts(counts: QuarterCounts) -> _Parts:
    yield _CHANNELS, "", counts.channels


def _subject_counts(counts: QuarterCounts) -> _Parts:
    yield _KINDS, "", counts.kinds
    for kind, table in _BELOW.items():
        yield table, kind, getattr(counts, table)


def _network(parts: _Parts, totals: Mapping[RegionRow, int], regions: Sequence[str], threshold: int) -> Circulation:
    """Return the network of these tables: from a root to each region, its kinds, their codes, and back through the country's counts."""
    found = Circulation(threshold)
    for region in regions:
        found.add(CountKey(_TOTAL, region, ""), (_ROOT, (region, "")), totals.get(region, 0), is_fixed=True)
    found.add(CountKey(_TOTAL, None, ""), ((None, ""), _ROOT), totals.get(None, 0), is_fixed=True)
    for table, kind, cells in parts:
        columns: Counter[str] = Counter()
        for (_, code), count in cells.items():
            columns[code] += count
        for code, total in sorted(columns.items()):  # every process has to hide the same, in whatever order the database counts
            middle = (table, code)
            below = table == _KINDS and code in _BELOW
            for region in regions:
                end = (region, code) if below else middle
                found.add(CountKey(table, region, code), ((region, kind), end), cells.get((region, code), 0))
            start = (None, code) if below else middle
            found.add(CountKey(table, None, code), (start, (None, kind)), total)
    return found


def _hide_rows(network: Circulation, hidden_rows: frozenset[RegionRow]) -> None:
    """Hide all counts of these rows. A hidden total is listed and so at least 1, unless those of regions without an appeal are hidden."""
    are_zeros_hidden = any(not count.value for count in network.counts.values() if count.key.table == _TOTAL)
    of_rows = [count.key for count in network.counts.values() if count.key.row in hidden_rows]
    for group in dict.fromkeys(key.group for key in of_rows if are_zeros_hidden or key.table != _TOTAL):
        network.hide_zeros(group)
    network.hide(of_rows)
