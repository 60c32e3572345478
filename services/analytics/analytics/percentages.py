"""Shares and changes, always from whole numbers and never from other percentages."""

from decimal import ROUND_HALF_UP, Decimal

_ONE_DECIMAL = Decimal("0.1")


def percent(part: int, whole: int) -> Decimal | None:
    """`part` of `whole` in per cent, rounded half up (away from zero) to one decimal; None when there is no whole."""
    if whole == 0:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(_ONE_DECIMAL, ROUND_HALF_UP) + 0  # + 0: no minus before a zero


def change_percent(value: int, base: int) -> Decimal | None:
    """By how much `value` differs from `base`, in per cent of `base`; None when the base is 0."""
    return percent(value - base, base)


def average(total: int, number: int) -> Decimal | None:
    """`total` shared among `number`, rounded half up to one decimal; None when there is nobody to share."""
    return None if number == 0 else (Decimal(total) / Decimal(number)).quantize(_ONE_DECIMAL, ROUND_HALF_UP)
