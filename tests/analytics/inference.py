"""What a reader can work out of published counts: the linear system of all that is shown, and which unknown counts it determines."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

Form = dict[Any, Fraction]
"""A linear form over base counts, by their names."""


class Published:
    """Equations over base counts that are not negative. `truth` is the real number of each, and must name all of them."""

    def __init__(self, truth: Mapping[Any, int]) -> None:
        self.truth = truth
        self._solved: dict[Any, Form] = {}
        self._limits: list[Form] = [{cell: Fraction(1)} for cell, count in truth.items() if not count]

    def shown(self, cells: Iterable[Any]) -> None:
        """The sum of these base counts is known."""
        self.equal(cells, [])

    def equal(self, cells: Iterable[Any], others: Iterable[Any]) -> None:
        """Two sums are known to be equal."""
        self._solve({cell: Fraction(1) for cell in cells} | {cell: Fraction(-1) for cell in others})

    def present(self, cells: Iterable[Any]) -> None:
        """The sum is known to be at least one: where it is one, it cannot shrink."""
        form = {cell: Fraction(1) for cell in cells}
        if sum(self.truth[cell] for cell in form) == 1:
            self._limits.append(form)

    def determines(self, cells: Iterable[Any]) -> bool:
        """Whether the sum follows: it can neither grow nor shrink while all that is shown stays true."""
        wanted = self._reduced({cell: Fraction(1) for cell in cells})
        if not wanted:
            return True
        limits = [form for form in (self._reduced(each) for each in self._limits) if form]
        return not (_can_grow(wanted, limits) or _can_grow(_negative(wanted), limits))

    def _solve(self, form: Form) -> None:
        form = self._reduced(form)
        if not form:
            return
        pivot, factor = next(iter(form.items()))
        solution = {cell: -value / factor for cell, value in form.items() if cell != pivot}
        for each in self._solved.values():
            if pivot in each:
                _add(each, solution, each.pop(pivot))
        self._solved[pivot] = solution

    def _reduced(self, form: Form) -> Form:
        """The form in base counts that no equation gives."""
        found: Form = {}
        for cell, value in form.items():
            _add(found, self._solved.get(cell, {cell: Fraction(1)}), value)
        return found


def _add(form: Form, other: Mapping[Any, Fraction], factor: Fraction) -> None:
    for cell, value in other.items():
        total = form.get(cell, Fraction(0)) + factor * value
        if total:
            form[cell] = total
        else:
            form.pop(cell, None)


def _negative(form: Form) -> Form:
    return {cell: -value for cell, value in form.items()}


def _can_grow(wanted: Form, limits: Sequence[Form]) -> bool:
    """Whether some change makes `wanted` grow and none of `limits` shrink: the simplex method from 0, with Bland's rule."""
    names = sorted({cell for form in (wanted, *limits) for cell in form}, key=str)
    columns = [(name, sign) for name in names for sign in (1, -1)]
    width = len(columns)
    rows = [[-form.get(name, Fraction(0)) * sign for name, sign in columns] for form in limits]
    rows = [row + [Fraction(int(i == j)) for j in range(len(rows))] for i, row in enumerate(rows)]
    goal = [wanted.get(name, Fraction(0)) * sign for name, sign in columns] + [Fraction(0)] * len(rows)
    basis = list(range(width, width + len(rows)))
    while True:
        entering = next((column for column, value in enumerate(goal) if value > 0), None)
        if entering is None:
            return False
        candidates = [i for i, row in enumerate(rows) if row[entering] > 0]
        if not candidates:
            return True
        leaving = min(candidates, key=lambda i: basis[i])
        factor = rows[leaving][entering]
        rows[leaving] = [value / factor for value in rows[leaving]]
        for row in (goal, *(each for i, each in enumerate(rows) if i != leaving)):
            if multiple := row[entering]:
                row[:] = [value - multiple * pivot if pivot else value for value, pivot in zip(row, rows[leaving], strict=True)]
        basis[leaving] = entering
