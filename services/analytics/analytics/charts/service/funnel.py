"""Funnel plots: how far the counts of many small units lie from what is expected of each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from analytics.charts.service.drawing import Drawing, described, element, text
from analytics.charts.service.lines import spread
from analytics.charts.service.scales import TEXT_SIZE, Scale, scale_of, text_width

WIDTH: Final = 400.0
HEIGHT: Final = 260.0
_TOP: Final = 12.0
_BOTTOM: Final = 38.0  # the labels of the axis and its name
_GAP: Final = 6.0
_BASELINE: Final = 0.35  # of the font size: from the middle of a letter to its baseline
_MOST_RATIO: Final = 4.0  # a unit beyond is drawn at the edge
_WITHIN: Final = "within"
MOST_DESCRIBED: Final = 30
"""How many units are shown with their descriptions, each of which takes as many bytes as ten others."""


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """A unit. `kind`: `within`, `above`, `below` or `suspicious`. Units outside the limits have a description."""

    expected: float
    ratio: float
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class FunnelLimit:
    """A pair of curves by expected count, such as those of 95 %; `kind`: `inner` or `outer`. None where there is no lower limit."""

    name: str
    kind: str
    low: Callable[[float], float]
    high: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class _FunnelFrame:
    left: float
    right: float
    across: Scale
    up: Scale

    def x(self, expected: float) -> float:
        return self.left + self.across(expected)

    def y(self, ratio: float) -> float:
        return HEIGHT - _BOTTOM - self.up(ratio)


def funnel_chart(
    points: Sequence[FunnelPoint],
    limits: Sequence[FunnelLimit],
    show: Callable[[float], str],
    names: tuple[str, str],
    label: str,
) -> Drawing:
    """Return a funnel plot: expected counts across, and how many times as much was counted upwards.

    Args:
        points: the units; of those outside the limits the first ones are shown with their descriptions.
        limits: the curves between which chance alone explains the distance.
        show: writes a value of an axis.
        names: what the axes are: across, upwards.
        label: describes the chart to those who do not see it.
    """
    up = scale_of(
        [min(max((point.ratio for point in points), default=0), _MOST_RATIO), 2], HEIGHT - _TOP - _BOTTOM - TEXT_SIZE, whole=False
    )
    left = max(text_width(show(tick)) for tick in up.ticks) + _GAP
    right = WIDTH - max((text_width(limit.name) for limit in limits), default=0) - 2 * _GAP
    across = scale_of([point.expected for point in points], right - left)
    frame = _FunnelFrame(left, right, across, up)
    body = Markup("").join([*_axes(frame, show, names), *(_curves(frame, limits)), *_points(frame, points)])
    return Drawing(WIDTH, HEIGHT, body, label)


def _axes(frame: _FunnelFrame, show: Callable[[float], str], names: tuple[str, str]) -> Iterator[Markup]:
    across, up = names
    for tick in frame.up.ticks:
        y = frame.y(tick)
        yield element("path", class_="axis", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}")
        yield text(show(tick), frame.left - _GAP, y + TEXT_SIZE * _BASELINE, anchor="end")
    yield element("path", class_="was", d=f"M{frame.left:.1f} {frame.y(1):.1f}H{frame.right:.1f}")
    step = -(-len(frame.across.ticks) // 5)
    for tick in frame.across.ticks[::step]:
        yield text(show(tick), frame.x(tick), HEIGHT - _BOTTOM + TEXT_SIZE + 2, anchor="middle")
    yield text(up, 0, TEXT_SIZE * 0.8)
    yield text(across, frame.right, HEIGHT - 3, anchor="end")


def _curves(frame: _FunnelFrame, limits: Sequence[FunnelLimit]) -> Iterator[Markup]:
    steps = 40
    xs = [frame.across.top * (number / steps) ** 2 for number in range(1, steps + 1)]  # closer where the curves bend
    for limit in limits:
        for bound in (limit.low, limit.high):
            inside = [(x, bound(x)) for x in xs]
            shown = [(x, ratio) for x, ratio in inside if 0 <= ratio <= frame.up.top]
            if shown:
                path = "M" + "L".join(f"{frame.x(x):.1f} {frame.y(ratio):.1f}" for x, ratio in shown)
                yield element("path", class_=f"limit {limit.kind}", d=path)
    ends = [frame.y(min(limit.high(frame.across.top), frame.up.top)) for limit in limits]
    for limit, y in zip(limits, spread(ends, TEXT_SIZE + 2, _TOP, HEIGHT - _BOTTOM), strict=True):
        yield text(limit.name, frame.right + _GAP, y + TEXT_SIZE * _BASELINE)


def _points(frame: _FunnelFrame, points: Sequence[FunnelPoint]) -> Iterator[Markup]:
    """Draw the first units outside the limits each with its description, and all others, of which there may be a thousand, as one shape."""
    outside = [point for point in points if point.kind != _WITHIN]
    others = [point for point in points if point.kind == _WITHIN] + outside[MOST_DESCRIBED:]
    for kind in dict.fromkeys(point.kind for point in others):
        path = "".join(f"M{frame.x(point.expected):.1f} {frame.y(point.ratio):.1f}h0" for point in others if point.kind == kind)
        yield element("path", class_="dots" if kind == _WITHIN else f"dots {kind}", d=path)
    for point in outside[:MOST_DESCRIBED]:
        circle = element("circle", class_=point.kind, cx=frame.x(point.expected), cy=frame.y(point.ratio), r=4.5)
        yield described(circle, point.description)
