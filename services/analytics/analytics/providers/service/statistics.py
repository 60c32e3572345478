"""Confidence limits of counts, and the limits of a funnel plot."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

Z_95: Final = 1.959963984540054
"""The two-sided 95 % quantile of the normal distribution."""
Z_998: Final = 3.090232306167813
"""The two-sided 99.8 % quantile."""
_STEPS: Final = 30


class Limits(NamedTuple):
    """The limits of an interval."""

    low: float
    high: float


def poisson_limits(count: float, z: float = Z_95) -> Limits:
    """Return the confidence limits of the expectation of a count by Byar's approximation of the exact Poisson limits.

    Source: Breslow and Day, Statistical methods in cancer research II (1987), section 2.3. From counts of 3 on the limits differ from the
    exact ones by 1 % or by 0.06 at most.
    """
    low = 0.0 if count <= 0 else count * max(0.0, 1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
    following = count + 1
    return Limits(low, following * (1 - 1 / (9 * following) + z / (3 * math.sqrt(following))) ** 3)


@lru_cache(maxsize=1024)
def funnel_limits(expected: float, z: float) -> Limits:
    """Return the counts between which an expectation lies inside the confidence limits: outside them, chance does not explain the count.

    They are not rounded, so that they draw a smooth curve. `low` is -1 if no count is too small.
    """
    too_small = -1.0 if poisson_limits(0, z).high >= expected else _solved(lambda count: poisson_limits(count, z).high, expected)
    return Limits(too_small, _solved(lambda count: poisson_limits(count, z).low, expected))


def _solved(limit: Callable[[float], float], expected: float) -> float:
    """Return the count whose limit is `expected`; limits grow with the count."""
    low, high = 0.0, expected + 10 * math.sqrt(expected) + 20
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if limit(middle) < expected else (low, middle)
    return (low + high) / 2
