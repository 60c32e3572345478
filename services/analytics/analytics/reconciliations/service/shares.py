"""Shares: a percentage is the rounded share of its figure in its whole, and lies between 0 and 100 %."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from analytics.reconciliations.policy import Explanation
from analytics.reconciliations.schemas import CheckKind
from analytics.reconciliations.service.explanations import amount_of
from analytics.reconciliations.service.findings import Finding, Statistic, contradiction, not_checkable, ok
from analytics.reconciliations.service.sheets import FigureRow
from analytics.reconciliations.service.spans import percent_span
from analytics.reconciliations.service.values import Stated, cut
from analytics.sentences.service import Amount, Quantity

KIND: Final = CheckKind.SHARE
HUNDRED: Final = 100
MORE_DIGITS: Final = 2  # decimals beyond the stated ones that show why a value is rounded up


def check_shares(statistic: Statistic) -> Iterator[Finding]:
    """Check each row that states a share: one with a whole, and any other percentage that is not a change."""
    for row in statistic.rows:
        if row.stated is None or row.change_from or statistic.problem_of(row) is not None:
            continue
        is_percent = row.stated.quantity is Quantity.PERCENT
        if not is_percent and row.share_of:
            yield not_checkable(row, KIND, Explanation.SHARE_NOT_PERCENT)
        elif is_percent and not 0 <= row.stated.value <= HUNDRED:
            yield contradiction(row, KIND, Explanation.SHARE_IMPOSSIBLE, None, stated=amount_of(row.stated))
        elif is_percent and (row.share_of or not row.part_of[0]):
            yield _check(row, row.stated, statistic)


def _check(row: FigureRow, stated: Stated, statistic: Statistic) -> Finding:
    part_row, whole_row = statistic.row(row.figure), statistic.row(row.share_of)
    part = part_row.stated if part_row is not None else None
    whole = whole_row.stated if whole_row is not None else None
    if part is None or whole is None:
        return _open(row, stated, part, whole)
    if (part.quantity is Quantity.PERCENT) != (whole.quantity is Quantity.PERCENT):
        return not_checkable(row, KIND, Explanation.MIXED_UNITS)
    if not whole.value:
        return not_checkable(row, KIND, Explanation.SHARE_OF_ZERO)
    computed = Amount(HUNDRED * part.value / whole.value, Quantity.PERCENT, stated.digits)
    values = {"part": amount_of(part), "whole": amount_of(whole)}
    if stated.allows(percent_span(part.span, whole.span)):
        return ok(row, KIND, Explanation.SHARE_RIGHT, computed, computed=computed, **values)
    values |= {"computed": computed, "stated": amount_of(stated)}
    if stated.step and stated.comparison is None and cut(computed.value, stated.step) == stated.value:
        exact = Amount(computed.value, Quantity.PERCENT, stated.digits + MORE_DIGITS)
        return contradiction(row, KIND, Explanation.SHARE_CUT, computed, exact=exact, **values)
    return contradiction(row, KIND, Explanation.SHARE_WRONG, computed, **values)


def _open(row: FigureRow, stated: Stated, part: Stated | None, whole: Stated | None) -> Finding:
    """Return that a number of the share is not stated, and what it would be."""
    percent = amount_of(stated)
    if part is not None and stated.value:
        would_be = Amount(HUNDRED * part.value / stated.value)
        return not_checkable(row, KIND, Explanation.SHARE_WITHOUT_WHOLE, part=amount_of(part), stated=percent, whole=would_be)
    if whole is not None:
        would_be = Amount(whole.value * stated.value / HUNDRED)
        values = {"stated": replace(percent, comparison=None), "whole": replace(amount_of(whole), comparison=None)}
        return not_checkable(row, KIND, Explanation.SHARE_WITHOUT_FIGURE, part=would_be, **values)
    return not_checkable(row, KIND, Explanation.SHARE_ALONE)
