"""Suppression of small counts: a cell of one to four people may identify one of them, and so may the remainder of a total."""

from collections.abc import Mapping


def is_small(value: int, threshold: int) -> bool:
    """Return whether a count is too small to publish; zero is not."""
    return 0 < value < threshold


def suppressed(values: Mapping[str, int], threshold: int) -> frozenset[str]:
    """Return the cells to hide if the total is shown: the small ones, and as many of the next larger ones as prevent their computation.

    At least two cells are hidden, and together they reach the threshold, if the table has enough cells.
    """
    hidden = {code for code, value in values.items() if is_small(value, threshold)}
    if not hidden:
        return frozenset()
    rest = sorted((value, code) for code, value in values.items() if value >= threshold)
    while rest and (len(hidden) == 1 or sum(values[code] for code in hidden) < threshold):
        hidden.add(rest.pop(0)[1])
    return frozenset(hidden)
