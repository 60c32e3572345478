"""Changes: a stated difference or change in per cent follows from the earlier and the new figure.

Press releases often name the difference without the earlier figure. Then the difference gives the earlier figure, and the percentage
is checked against it.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from analytics.reconciliations.policy import Explanation
from analytics.reconciliations.schemas import CheckKind
from analytics.reconciliations.service.explanations import Value, amount_of
from analytics.reconciliations.service.findings import Finding, Statistic, contradiction, not_checkable, ok
from analytics.reconciliations.service.sheets import FigureRow
from analytics.reconciliations.service.spans import change_percent_span, difference_span
from analytics.reconciliations.service.values import Span, Stated
from analytics.sentences.service import Amount, Quantity

KIND: Final = CheckKind.CHANGE
HUNDRED: Final = 100


class _Derived(NamedTuple):
    """An earlier figure that follows from a stated difference."""

    base: Stated
    difference: Stated


def check_changes(statistic: Statistic) -> Iterator[Finding]:
    """Check each row that states a change."""
    derived = _derived(statistic)
    for row in statistic.rows:
        if row.stated is not None and row.change_from and statistic.problem_of(row) is None:
            yield _check(row, row.stated, statistic, derived)


def _derived(statistic: Statistic) -> Mapping[tuple[str, str], _Derived]:
    """Return, by figure and earlier row, the earlier figures that are not stated but follow from an exact difference."""
    found: dict[tuple[str, str], _Derived] = {}
    for row in statistic.rows:
        figure, base = statistic.row(row.figure), statistic.row(row.change_from)
        if row.stated is None or figure is None or base is None or figure.stated is None or base.stated is not None:
            continue
        if row.stated.quantity is figure.stated.quantity is Quantity.NUMBER and row.stated.comparison is None:
            earlier = Stated(figure.stated.value - row.stated.value, step=max(figure.stated.step, row.stated.step))
            found.setdefault((row.figure, row.change_from), _Derived(earlier, row.stated))
    return found


def _check(row: FigureRow, stated: Stated, statistic: Statistic, derived: Mapping[tuple[str, str], _Derived]) -> Finding:
    figure_row, base_row = statistic.row(row.figure), statistic.row(row.change_from)
    figure, base = figure_row.stated if figure_row else None, base_row.stated if base_row else None
    known = derived.get((row.figure, row.change_from)) if base is None else None
    if figure is None:
        return not_checkable(row, KIND, Explanation.CHANGE_WITHOUT_FIGURE)
    if known is not None and known.difference is stated:
        return not_checkable(row, KIND, Explanation.CHANGE_GIVES_BASE, base=amount_of(known.base))
    base = known.base if known is not None else base
    if base is None:
        return not_checkable(row, KIND, Explanation.CHANGE_WITHOUT_BASE)
    is_number = figure.quantity is Quantity.NUMBER
    if is_number != (base.quantity is Quantity.NUMBER) or (is_number and stated.quantity is Quantity.POINTS):
        return not_checkable(row, KIND, Explanation.MIXED_UNITS)
    if stated.quantity is Quantity.PERCENT and not base.value:
        return not_checkable(row, KIND, Explanation.CHANGE_FROM_ZERO)
    return _compared(row, stated, figure, base, known)


def _compared(row: FigureRow, stated: Stated, figure: Stated, base: Stated, known: _Derived | None) -> Finding:
    computed, span = _computed(stated, figure, base)
    values: dict[str, Value] = {"base": amount_of(base), "figure": amount_of(figure), "computed": computed}
    right, wrong = Explanation.CHANGE_RIGHT, Explanation.CHANGE_WRONG
    if known is not None:
        right, wrong = Explanation.CHANGE_DERIVED_RIGHT, Explanation.CHANGE_DERIVED_WRONG
        values["change"] = amount_of(known.difference, signed=True)
    elif stated.allows(Span(-span.high, -span.low)):
        wrong = Explanation.CHANGE_WRONG_SIGN
    if stated.allows(span):
        return ok(row, KIND, right, computed, **values)
    return contradiction(row, KIND, wrong, computed, stated=amount_of(stated, signed=True), **values)


def _computed(stated: Stated, figure: Stated, base: Stated) -> tuple[Amount, Span]:
    """Return the change as the row states it: in per cent, or as a difference (of percentages: in percentage points)."""
    if stated.quantity is Quantity.PERCENT:
        value = HUNDRED * (figure.value - base.value) / base.value
        return Amount(value, Quantity.PERCENT, stated.digits, signed=True), change_percent_span(figure.span, base.span)
    quantity = Quantity.NUMBER if figure.quantity is Quantity.NUMBER else Quantity.POINTS
    digits = max(figure.digits, base.digits)
    return Amount(figure.value - base.value, quantity, digits, signed=True), difference_span(figure.span, base.span)
