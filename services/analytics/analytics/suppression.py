"""Small numbers are not published: a cell of one to four people may point at one of them, and so may what is left of a total."""

from collections.abc import Mapping


def is_small(value: int, threshold: int) -> bool:
    return 0 < value < threshold


def suppressed(values: Mapping[str, int], threshold: int) -> frozenset[str]:
    """The cells to hide when the total is shown: the small ones, and as many of the next as keep them from being worked out.

    What is hidden is at least two cells that together reach the threshold, as long as there are cells enough.
    """
    hidden = {code for code, value in values.items() if is_small(value, threshold)}
    if not hidden:
        return frozenset()
    rest = sorted((value, code) for code, value in values.items() if value >= threshold)
    while rest and (len(hidden) == 1 or sum(values[code] for code in hidden) < threshold):
        hidden.add(rest.pop(0)[1])
    return frozenset(hidden)
