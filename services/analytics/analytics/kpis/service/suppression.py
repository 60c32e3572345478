"""Suppression of small counts: a count of one to four people may identify one of them, and so may the remainder of a total."""

from collections.abc import Mapping


def is_small(value: int, threshold: int) -> bool:
    """Return whether a count is too small to publish; zero is not."""
    return 0 < value < threshold


def hidden_totals(values: Mapping[str, int], threshold: int) -> frozenset[str]:
    """Return the totals to hide if their sum is shown: the small ones and the next larger one, which may be any part of the sum.

    A total of exactly `threshold` is hidden too: a small part of it would have too few possible values. If none is larger, all totals are
    hidden, zeros too.
    """
    hidden = {code for code, value in values.items() if is_small(value, threshold + 1)}
    larger = [(value, code) for code, value in values.items() if value > threshold]
    if not hidden:
        return frozenset()
    return frozenset(hidden | {min(larger)[1]}) if larger else frozenset(values)
