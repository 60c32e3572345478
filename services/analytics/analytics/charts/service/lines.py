"""Lines of a figure over time, next to those of the period that it is compared with."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from analytics.charts.service.drawing import Drawing, described, element, text
from analytics.charts.service.scales import TEXT_SIZE, Scale, scale_of, shown_labels, text_width

WIDTH: Final = 400.0
HEIGHT: Final = 190.0
_TOP: Final = 16.0
_BOTTOM: Final = 29.0
_GAP: Final = 6.0
_LABEL_GAP: Final = 10.0  # between two labels of the time axis
_LINE_HEIGHT: Final = TEXT_SIZE + 2
_POINTS_MARKED: Final = 15  # more of them say nothing that the table does not, and cost a third of the chart
_BASELINE: Final = 0.35  # of the font size: from the middle of a letter to its baseline


@dataclass(frozen=True, slots=True)
class LineSeries:
    """A line. `values` has an entry for each label of the time axis; None is a gap. `kind`: `now`, or `was` for the period before."""

    name: str
    values: Sequence[float | None]
    kind: str = "now"


@dataclass(frozen=True, slots=True)
class _Frame:
    """The area between the axes."""

    left: float
    right: float
    scale: Scale

    def x(self, index: int, number: int) -> float:
        return (self.left + self.right) / 2 if number == 1 else self.left + (self.right - self.left) * index / (number - 1)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - self.scale(value)


def line_chart(
    series: Sequence[LineSeries],
    labels: Sequence[str],
    show: Callable[[float], str],
    label: str,
    *,
    descriptions: Sequence[str] | None = None,
    show_tick: Callable[[float], str] | None = None,
    whole: bool = True,
    most: float | None = None,
) -> Drawing:
    """Return a line chart that begins at zero.

    Args:
        series: the lines; points of the first are marked.
        labels: names of the points on the time axis; as many are shown as fit.
        show: writes a value.
        label: describes the chart to those who do not see it.
        descriptions: texts that a pointer shows at the points of the first line; the names of the points and the values by default.
        show_tick: writes a value of the axis, if it is written in another form.
        whole: see `scale_of`.
        most: see `scale_of`.
    """
    values = [value for each in series for value in each.values]
    scale = scale_of(values, HEIGHT - _TOP - _BOTTOM, whole=whole, most=most)
    ends = [(each, last) for each in series if (last := _last(each.values)) is not None]
    show_tick = show_tick or show
    left = max(text_width(show_tick(tick)) for tick in scale.ticks) + _GAP
    right = WIDTH - max((text_width(show(value)) for _, (_, value) in ends), default=0) - 2 * _GAP
    frame = _Frame(left, right, scale)
    pairs = zip(labels, series[0].values, strict=True)
    texts = descriptions or [name if value is None else f"{name}: {show(value)}" for name, value in pairs]
    body = Markup("").join(
        [
            *_axis(frame, show_tick),
            *_time_axis(frame, labels),
            *(shape for each in reversed(series) for shape in _line(each, frame)),
            *_points(series[0], frame, texts),
            *_end_labels(ends, frame, show),
        ]
    )
    return Drawing(WIDTH, HEIGHT, body, label)


def _last(values: Sequence[float | None]) -> tuple[int, float] | None:
    return next(((index, value) for index, value in reversed(list(enumerate(values))) if value is not None), None)


def _axis(frame: _Frame, show: Callable[[float], str]) -> Iterator[Markup]:
    for tick in frame.scale.ticks:
        y = frame.y(tick)
        yield element("path", class_="axis", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}")
        yield text(show(tick), frame.left - _GAP, y + TEXT_SIZE * _BASELINE, anchor="end")


def _time_axis(frame: _Frame, labels: Sequence[str]) -> Iterator[Markup]:
    centres, widths = [], [text_width(each) for each in labels]
    for index, width in enumerate(widths):  # the labels at the ends stay inside the drawing
        centres.append(min(max(frame.x(index, len(labels)), width / 2), WIDTH - width / 2))
    for index in shown_labels(centres, widths, _LABEL_GAP):
        yield text(labels[index], centres[index], HEIGHT - _GAP, anchor="middle")


def _line(series: LineSeries, frame: _Frame) -> Iterator[Markup]:
    path, is_open, number = "", False, len(series.values)
    for index, value in enumerate(series.values):
        if value is None:
            is_open = False
            continue
        path += f"{'L' if is_open else 'M'}{frame.x(index, number):.1f} {frame.y(value):.1f}"
        is_open = True
    if path:
        yield element("path", class_=series.kind, d=path)


def _points(series: LineSeries, frame: _Frame, texts: Sequence[str]) -> Iterator[Markup]:
    number = len(series.values)
    last = _last(series.values)
    for index, value in enumerate(series.values):
        is_marked = number <= _POINTS_MARKED or (last is not None and index == last[0])
        if value is not None and is_marked:
            is_last = last is not None and index == last[0]
            circle = element("circle", class_="point", cx=frame.x(index, number), cy=frame.y(value), r=4.0 if is_last else 2.5)
            yield described(circle, texts[index])


def _end_labels(ends: Sequence[tuple[LineSeries, tuple[int, float]]], frame: _Frame, show: Callable[[float], str]) -> Iterator[Markup]:
    """Label the last value of each line, moved apart where two would overlap."""
    heights = spread([frame.y(value) for _, (_, value) in ends], _LINE_HEIGHT, _TOP, HEIGHT - _BOTTOM)
    for (series, (_, value)), y in zip(ends, heights, strict=True):
        class_ = "strong" if series.kind == "now" else None
        yield text(show(value), frame.right + _GAP + 2, y + TEXT_SIZE * _BASELINE, class_=class_)


def spread(heights: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Return the heights in their order, moved apart to at least `gap`, between `top` and `bottom` if all of them fit in there."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    moved = list(heights)
    lowest = top - gap
    for index in order:
        moved[index] = max(moved[index], lowest + gap)
        lowest = moved[index]
    highest = bottom + gap
    for index in reversed(order):
        moved[index] = min(moved[index], highest - gap)
        highest = moved[index]
    return moved


def sparkline(values: Sequence[float | None], width: float = 100.0, height: float = 30.0) -> Markup:
    """Return a small line without axes, from zero, that only shows the direction. It is hidden from screen readers."""
    scale = scale_of(values, height - 8, whole=False)
    step = (width - 8) / max(len(values) - 1, 1)
    shown = [(4 + step * index, height - 4 - scale(value)) for index, value in enumerate(values) if value is not None]
    if len(shown) < 2:  # noqa: PLR2004 - a line needs two points
        return Markup("")
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shown)
    line = element("path", class_="now", d=path, vector_effect="non-scaling-stroke")
    return element("svg", line, class_="spark", viewBox=f"0 0 {width:g} {height:g}", preserveAspectRatio="none", aria_hidden="true")
