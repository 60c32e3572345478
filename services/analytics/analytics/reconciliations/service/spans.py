"""Arithmetic on spans: the values that follow from statements which each allow a span of values."""

import math
from fractions import Fraction

from analytics.reconciliations.service.values import Bound, Span

EVERYTHING = Span(-math.inf, math.inf)


def difference_span(later: Span, earlier: Span) -> Span:
    """Return the differences of two spans."""
    return Span(later.low - earlier.high, later.high - earlier.low)


def percent_span(part: Span, whole: Span) -> Span:
    """Return 100 times the ratios of two spans; everything if the whole may be 0 or negative."""
    if whole.low <= 0:
        return EVERYTHING
    ratios = [_percent(first, second) for first in part for second in whole]
    return Span(min(ratios), max(ratios))


def change_percent_span(later: Span, earlier: Span) -> Span:
    """Return the changes from one span to another in per cent; everything if the earlier may be 0 or negative."""
    ratio = percent_span(later, earlier)
    return Span(ratio.low - 100, ratio.high - 100)


def _percent(part: Bound, whole: Bound) -> Bound:
    if isinstance(whole, float):
        return Fraction(0)
    return 100 * part / whole
