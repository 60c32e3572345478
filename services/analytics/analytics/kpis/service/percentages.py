"""Percentages and averages, always computed from whole numbers and never from other percentages."""

from decimal import ROUND_HALF_UP, Decimal

_ONE_DECIMAL = Decimal("0.1")


def percent(part: int, whole: int) -> Decimal | None:
    """Return `part` of `whole` in per cent, rounded half up (away from zero) to one decimal; None if `whole` is 0."""
    if whole == 0:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(_ONE_DECIMAL, ROUND_HALF_UP) + 0  # + 0: no minus sign before a zero


def change_percent(value: int, base: int) -> Decimal | None:
    """Return the difference of `value` from `base` in per cent of `base`, rounded as in `percent`; None if `base` is 0."""
    return percent(value - base, base)


def average(total: int, number: int) -> Decimal | None:
    """Return `total` divided by `number`, rounded half up to one decimal; None if `number` is 0."""
    return None if number == 0 else (Decimal(total) / Decimal(number)).quantize(_ONE_DECIMAL, ROUND_HALF_UP)


def as_number(value: Decimal | None) -> float | None:
    """Return a percentage or an average as JSON holds it."""
    return None if value is None else float(value)
