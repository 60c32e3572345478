"""An attack on the public figures: everything that is public as one linear system, and how far it narrows each small count.

The attacker knows the rule of publication. A count is not negative. A hidden count is at least 1, unless every known code of its row is
listed. And something is hidden only because a count from 1 to 4 has to be: of a quarter's hidden counts one at least is small.

The unknown counts are those of a quarter, a region and a channel, and of a quarter, a region and a leaf: a category, a topic, or a kind
without either. Every other count is a sum of them. The system is solved by the simplex method, whose solutions are possible worlds: whole
numbers that agree with all answers. A small count is safe once `WANTED` of its values are known to be possible.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import linprog

SMALL: Final = range(1, 5)
WANTED: Final = 5
_NEAR: Final = 1e-6
_MOST: Final = 10_000
_INFEASIBLE: Final = 2


class Cell(NamedTuple):
    """An unknown count. `table` is `channel` or `leaf`."""

    quarter: str
    region: str
    table: str
    code: str


Sum = frozenset[Cell]
Row = tuple[dict[Cell, float], float, float]
"""A linear form with the least and the largest value that it can have."""


@dataclass
class Quantity:
    """A count that an answer may name, and what is known of its possible values."""

    cells: Sum
    true: int
    is_hidden: bool = False
    values: set[int] = field(default_factory=set)
    """Values in worlds in which the rule requires that something is hidden."""
    low: int = 1 << 30
    high: int = -1

    @property
    def possible(self) -> int:
        """Return how many values are known to be possible: small ones need no other small count, and have no gaps."""
        return len(self.values | {value for value in SMALL if self.low <= value <= self.high})


@dataclass
class Attack:
    """What was read. `truth` gives the real counts, which serve only to find the small ones and to check the answers."""

    truth: Mapping[Cell, int]
    quantities: dict[Sum, Quantity] = field(default_factory=dict)
    _shown: dict[Sum, int] = field(default_factory=dict)
    _present: set[Sum] = field(default_factory=set)
    _intervals: list[Row] = field(default_factory=list)

    def real(self, cells: Iterable[Cell]) -> int:
        """Return a real count."""
        return sum(self.truth.get(cell, 0) for cell in cells)

    def quantity(self, cells: Sum) -> Quantity:
        """Return what is known of a sum of counts."""
        if cells not in self.quantities:
            self.quantities[cells] = Quantity(cells, self.real(cells))
        return self.quantities[cells]

    def shown(self, cells: Sum, value: int) -> None:
        """Note a published count."""
        assert self.quantity(cells).true == value, (sorted(cells), value)
        self._shown[cells] = value

    def hidden(self, cells: Sum, *, is_present: bool) -> None:
        """Note a hidden count; `is_present`: the reader knows that it is not 0."""
        self.quantity(cells).is_hidden = True
        if is_present:
            self._present.add(cells)

    def share(self, part: Sum, whole: Sum, per_cent: float) -> None:
        """Note a share, which is rounded half up to one decimal."""
        if part in self._shown and whole in self._shown:
            return
        for bound, sign in ((per_cent - 0.05, -1), (per_cent + 0.05, 1)):
            form: dict[Cell, float] = defaultdict(float)
            for cells, factor in ((part, 100.0), (whole, -bound)):
                for cell in cells:
                    form[cell] += sign * factor
            self._intervals.append((dict(form), -np.inf, 0.0))

    def narrowed(self) -> list[Quantity]:
        """Return the small counts of which fewer than WANTED values are possible."""
        targets = [each for each in self.quantities.values() if each.true in SMALL]
        open_targets = targets
        hidden = [each for each in self.quantities.values() if each.is_hidden]
        for system in self._systems():
            open_targets = [each for each in open_targets if each.possible < WANTED]
            if touched := [each for each in open_targets if each.cells & system.cells]:
                system.explore(touched, [each for each in hidden if each.cells & system.cells])
        return [each for each in targets if each.possible < WANTED]

    def _systems(self) -> Iterator["_System"]:
        """Yield the parts of the system that share no unknown count: what follows from single quarters and regions needs no equation."""
        zeros = {cell for cells, value in self._shown.items() if value == 0 for cell in cells}
        known = {next(iter(cells)): value for cells, value in self._shown.items() if len(cells) == 1} | dict.fromkeys(zeros, 0)
        unknown = {cell for quantity in self.quantities.values() for cell in quantity.cells} - known.keys()
        rows: list[Row] = [(dict.fromkeys(cells, 1.0), value, value) for cells, value in self._shown.items() if not self._follows(cells)]
        rows += [({**dict.fromkeys(channels, 1.0), **dict.fromkeys(leaves, -1.0)}, 0, 0) for channels, leaves in self._same_totals()]
        rows += [(dict.fromkeys(cells, 1.0), 1, np.inf) for cells in self._present]
        rows += self._intervals
        reduced: list[Row] = []
        for form, low, high in rows:
            constant = sum(factor * known[cell] for cell, factor in form.items() if cell in known)
            left = {cell: factor for cell, factor in form.items() if cell not in known}
            if left:
                reduced.append((left, low - constant, high - constant))
        yield from _parts(unknown, reduced, self.truth)

    def _follows(self, cells: Sum) -> bool:
        """Return whether a count of several quarters is the sum of shown counts of each."""
        quarters = {cell.quarter for cell in cells}
        if len(quarters) < 2:
            return False
        return all(frozenset(cell for cell in cells if cell.quarter == quarter) in self._shown for quarter in quarters)

    def _same_totals(self) -> Iterator[tuple[list[Cell], list[Cell]]]:
        by_place: dict[tuple[str, str], dict[str, set[Cell]]] = defaultdict(lambda: defaultdict(set))
        for quantity in self.quantities.values():
            for cell in quantity.cells:
                by_place[cell.quarter, cell.region][cell.table].add(cell)
        for tables in by_place.values():
            yield list(tables["channel"]), list(tables["leaf"])


def _parts(unknown: set[Cell], rows: list[Row], truth: Mapping[Cell, int]) -> Iterator["_System"]:
    parents = {cell: cell for cell in unknown}

    def root(cell: Cell) -> Cell:
        while parents[cell] != cell:
            parents[cell] = parents[parents[cell]]
            cell = parents[cell]
        return cell

    for form, _, _ in rows:
        first, *others = form
        for other in others:
            parents[root(other)] = root(first)
    cells, forms = defaultdict(list), defaultdict(list)
    for cell in unknown:
        cells[root(cell)].append(cell)
    for row in rows:
        forms[root(next(iter(row[0])))].append(row)
    for each, members in cells.items():
        yield _System(members, forms[each], truth)


class _System:
    """Unknown counts that depend on each other."""

    def __init__(self, members: list[Cell], rows: list[Row], truth: Mapping[Cell, int]) -> None:
        self.cells = frozenset(members)
        self._truth = truth
        self._index = {cell: number for number, cell in enumerate(sorted(members))}
        equal = [(form, low) for form, low, high in rows if low == high]
        below = [(form, high) for form, low, high in rows if low != high and high < np.inf]
        below += [({cell: -factor for cell, factor in form.items()}, -low) for form, low, high in rows if low != high and low > -np.inf]
        self._equal, self._equal_to = self._matrix(equal)
        self._below, self._limits = self._matrix(below)

    def _matrix(self, rows: list[tuple[dict[Cell, float], float]]) -> tuple[np.ndarray, np.ndarray]:
        matrix = np.zeros((len(rows), len(self._index)))
        for number, (form, _) in enumerate(rows):
            for cell, factor in form.items():
                matrix[number, self._index[cell]] = factor
        return matrix, np.array([value for _, value in rows], dtype=float)

    def _weights(self, quantity: Quantity) -> tuple[np.ndarray, int]:
        """Return which of the unknown counts a quantity adds up, and the rest of it: counts of other systems are what they are."""
        weights = np.zeros(len(self._index))
        for cell in quantity.cells & self.cells:
            weights[self._index[cell]] = 1
        return weights, sum(self._truth.get(cell, 0) for cell in quantity.cells - self.cells)

    def explore(self, targets: list[Quantity], hidden: list[Quantity]) -> None:
        """Note possible values of the targets until each is safe, or nothing more is possible."""
        watched = list({id(each): each for each in (*targets, *hidden)}.values())
        forms = [self._weights(each) for each in watched]
        self._watched = watched
        self._sums = np.array([weights for weights, _ in forms])
        self._rests = np.array([rest for _, rest in forms])
        self._quarters = [{cell.quarter for cell in each.cells} for each in watched]
        for target in targets:
            weights, _ = self._weights(target)
            for sign in (-1, 1):
                if target.possible < WANTED:
                    self._solve(sign * weights)
            if target.possible < WANTED:
                self._look_for_company(target, hidden)

    def _look_for_company(self, target: Quantity, hidden: list[Quantity]) -> None:
        """Look for worlds in which the target is not small, but another hidden count is."""
        weights, rest = self._weights(target)
        near = [*range(target.high - 1, target.high - WANTED, -1), *range(SMALL[-1] + 1, SMALL[-1] + WANTED + 1), 0]
        values = [value for value in dict.fromkeys(near) if value not in SMALL and target.low <= value <= target.high]
        for other in hidden:
            company, company_rest = self._weights(other)
            for value in values:
                if other is not target and value not in target.values and target.possible < WANTED:
                    limits = [(company, SMALL[-1] - company_rest), (-company, company_rest - SMALL[0])]
                    self._solve(company, equal=(weights, value - rest), below=limits)

    def _solve(
        self,
        goal: np.ndarray,
        equal: tuple[np.ndarray, int] | None = None,
        below: Iterable[tuple[np.ndarray, int]] = (),
    ) -> None:
        matrix, right = self._equal, self._equal_to
        if equal is not None:
            matrix, right = np.vstack([matrix, equal[0]]), np.append(right, equal[1])
        under, limits = self._below, self._limits
        for form, limit in below:
            under, limits = np.vstack([under, form]), np.append(limits, limit)
        found = linprog(
            goal,
            A_ub=under if len(under) else None,
            b_ub=limits if len(under) else None,
            A_eq=matrix if len(matrix) else None,
            b_eq=right if len(matrix) else None,
            bounds=(0, _MOST),
            method="highs-ds",
        )
        if equal is not None and found.status == _INFEASIBLE:
            return
        assert found.status == 0, found.message
        world = np.rint(found.x)
        is_whole = bool(np.abs(found.x - world).max() < _NEAR)
        assert is_whole or equal is not None, "a vertex of the system is no possible world"
        if is_whole:
            self._note(world)

    def _note(self, world: np.ndarray) -> None:
        values = (self._sums @ world + self._rests).astype(int)
        small: Counter[str] = Counter()
        for each, value, quarters in zip(self._watched, values, self._quarters, strict=True):
            if each.is_hidden and value in SMALL:
                small.update(quarters)
        for each, value, quarters in zip(self._watched, values, self._quarters, strict=True):
            each.low, each.high = min(each.low, int(value)), max(each.high, int(value))
            if value in SMALL or any(small[quarter] for quarter in quarters):
                each.values.add(int(value))
