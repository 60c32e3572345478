"""Sums: parts, quarters and regions add up to their total, and no part of a breakdown exceeds it."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from analytics.reconciliations.policy import Explanation
from analytics.reconciliations.schemas import CheckKind
from analytics.reconciliations.service.explanations import Addends, Value, amount_of
from analytics.reconciliations.service.findings import Finding, Statistic, contradiction, not_checkable, ok
from analytics.reconciliations.service.sheets import COUNTRY, FigureRow, all_regions, months_of
from analytics.reconciliations.service.values import Span, Stated
from analytics.sentences.service import Amount, Quantity

KIND: Final = CheckKind.TOTAL
HUNDRED: Final = Stated(Fraction(100), Quantity.PERCENT)


class _Breakdown(NamedTuple):
    """The parts of a total that are added up together: of one name and one unit, by period, by region or otherwise."""

    total: str
    name: str
    is_percent: bool
    by_period: bool
    by_region: bool


def check_sums(statistic: Statistic) -> Iterator[Finding]:
    """Compare each total with the sum of its parts, and parts in per cent of a number with 100 %."""
    breakdowns: defaultdict[_Breakdown, list[FigureRow]] = defaultdict(list)
    for row in statistic.rows:
        total = statistic.row(row.part_of[0])
        if total is None or total is row:
            continue
        is_percent = row.stated is not None and row.stated.quantity is Quantity.PERCENT
        by_period, by_region = bool(row.period) and row.period != total.period, row.region != total.region
        breakdowns[_Breakdown(total.key, row.part_of[1], is_percent, by_period, by_region)].append(row)
    for breakdown, parts in breakdowns.items():
        total = statistic.by_key[breakdown.total]
        if total.problem is None and any(part.stated is not None or part.problem is not None for part in parts):
            yield _obstacle(total, parts, breakdown) or _check(_sum_of(total, parts, breakdown))


class _Sum(NamedTuple):
    """A total and the sum of its stated parts. `missing_line`: the first part that is not stated or cannot be read."""

    total: FigureRow
    whole: Stated
    parts: list[Stated]
    nominal: Fraction
    is_complete: bool
    missing_line: int | None

    @property
    def span(self) -> Span:
        return Span(sum(part.span.low for part in self.parts), sum(part.span.high for part in self.parts))

    def amount(self, value: Fraction) -> Amount:
        """Return a value in the unit and with the decimals of the sum."""
        quantity = Quantity.PERCENT if self.parts[0].quantity is Quantity.PERCENT else Quantity.NUMBER
        return Amount(value, quantity, max(each.digits for each in (*self.parts, self.whole)))


def _obstacle(total: FigureRow, parts: Sequence[FigureRow], breakdown: _Breakdown) -> Finding | None:
    """Return why a total cannot be compared with a sum, None if it can."""
    stated = [part.stated for part in parts if part.stated is not None]
    whole = _whole(total, breakdown)
    if not stated:
        return not_checkable(total, KIND, Explanation.SUM_UNREADABLE, line=parts[0].line)
    if whole is None:
        shown = Amount(_added(stated), digits=max(part.digits for part in stated))
        return not_checkable(total, KIND, Explanation.SUM_OPEN, shown, sum=shown)
    if (whole.quantity is Quantity.PERCENT) != breakdown.is_percent:
        return not_checkable(total, KIND, Explanation.MIXED_UNITS)
    return None


def _sum_of(total: FigureRow, parts: Sequence[FigureRow], breakdown: _Breakdown) -> _Sum:
    stated = [part.stated for part in parts if part.stated is not None]
    missing_line = next((part.line for part in parts if part.stated is None), None)
    complete = missing_line is None and is_complete(total, parts)
    return _Sum(total, _whole(total, breakdown) or HUNDRED, stated, _added(stated), complete, missing_line)


def _added(stated: Sequence[Stated]) -> Fraction:
    return sum((part.value for part in stated), Fraction(0))


def _check(found: _Sum) -> Finding:
    total, span, whole = found.total, found.span, found.whole
    shown = found.amount(found.nominal)
    addends = Addends(tuple(amount_of(part) for part in found.parts))
    values: dict[str, Value] = {"parts": addends, "sum": shown, "total": amount_of(whole)}
    difference = found.amount(abs(whole.value - found.nominal))
    if span.low > whole.span.high:
        code = Explanation.SUM_EXCEEDS if len(found.parts) > 1 else Explanation.PART_EXCEEDS
        return contradiction(total, KIND, code, shown, difference=difference, **values)
    if found.is_complete and span.high < whole.span.low:
        return contradiction(total, KIND, Explanation.SUM_FALLS_SHORT, shown, difference=difference, **values)
    if found.missing_line is not None:
        return not_checkable(total, KIND, Explanation.SUM_UNREADABLE, shown, line=found.missing_line)
    if found.nominal == whole.value:
        return ok(total, KIND, Explanation.SUM_RIGHT, shown, **values)
    if span.meets(whole.span) and (found.is_complete or not math.isinf(span.high)):
        return ok(total, KIND, Explanation.SUM_ROUNDED, shown, **values)
    return _incomplete(found, shown, difference)


def _incomplete(found: _Sum, shown: Amount, difference: Amount) -> Finding:
    """Return that the parts are less than the total, and nothing says that they are all there are."""
    if shown.quantity is Quantity.PERCENT:
        return not_checkable(found.total, KIND, Explanation.SHARES_INCOMPLETE, shown, sum=shown, difference=difference)
    is_alone = len(found.parts) == 1
    ratio = found.nominal if is_alone else difference.value
    share = Amount(100 * ratio / found.whole.value if found.whole.value else Fraction(0), Quantity.PERCENT, 1)
    values: dict[str, Value] = {"sum": shown, "total": amount_of(found.whole), "share": share}
    if is_alone:
        return ok(found.total, KIND, Explanation.PART_FITS, shown, **values)
    return not_checkable(found.total, KIND, Explanation.SUM_INCOMPLETE, shown, difference=difference, **values)


def _whole(total: FigureRow, breakdown: _Breakdown) -> Stated | None:
    """Return what the parts add up to: the total, or 100 % for parts in per cent of a number."""
    if breakdown.is_percent and (total.stated is None or total.stated.quantity is not Quantity.PERCENT):
        return HUNDRED
    return total.stated


def is_complete(total: FigureRow, parts: Sequence[FigureRow]) -> bool:
    """Return whether the parts are all there are: a row says so, or their periods or regions cover those of the total."""
    return any(part.whole_list for part in parts) or _covers_period(total, parts) or _covers_country(total, parts)


def _covers_period(total: FigureRow, parts: Sequence[FigureRow]) -> bool:
    whole = months_of(total.period)
    spans = sorted(span for part in parts if (span := months_of(part.period)) is not None)
    if whole is None or len(spans) < len(parts) or len(spans) == 1:
        return False
    return (spans[0][0], spans[-1][1]) == whole and all(first[1] == second[0] for first, second in pairwise(spans))


def _covers_country(total: FigureRow, parts: Sequence[FigureRow]) -> bool:
    return total.region == COUNTRY and sorted(part.region for part in parts) == sorted(all_regions())
