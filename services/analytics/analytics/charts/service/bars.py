"""Horizontal bars with their names and values, and one bar divided into shares."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from analytics.charts.service.drawing import Drawing, element, text
from analytics.charts.service.scales import TEXT_SIZE, text_width

WIDTH: Final = 400.0
_ROW: Final = 34.0
_BAR: Final = 10.0
_GAP: Final = 8.0
_SHARES_HEIGHT: Final = 30.0
_ELLIPSIS: Final = "…"


class BarRow(NamedTuple):
    """A bar: its name, its length as a value, and the value as it is written. None is a hidden value, which has no bar."""

    name: str
    value: float | None
    shown: str


def bar_chart(rows: Sequence[BarRow], label: str) -> Drawing:
    """Return bars that begin at zero, each under its name and value."""
    most = max((row.value for row in rows if row.value is not None), default=0) or 1
    body = Markup("").join(shape for number, row in enumerate(rows) for shape in _bar(row, number * _ROW, most))
    return Drawing(WIDTH, max(len(rows), 1) * _ROW, body, label)


def _bar(row: BarRow, top: float, most: float) -> Iterator[Markup]:
    room = WIDTH - text_width(row.shown) - _GAP
    yield text(shortened(row.name, room), 0, top + TEXT_SIZE)
    yield text(row.shown, WIDTH, top + TEXT_SIZE, anchor="end", class_="strong")
    yield element("rect", class_="track", x=0, y=top + TEXT_SIZE + 5, width=WIDTH, height=_BAR, rx=2)
    if row.value:
        yield element("rect", class_="bar", x=0, y=top + TEXT_SIZE + 5, width=WIDTH * max(row.value, 0) / most, height=_BAR, rx=2)


def shortened(name: str, room: float) -> str:
    """Return the name, cut with an ellipsis where it would be wider than `room`."""
    if text_width(name) <= room:
        return name
    length = len(name)
    while length > 1 and text_width(name[:length] + _ELLIPSIS) > room:
        length -= 1
    return name[:length].rstrip() + _ELLIPSIS


class ShareRow(NamedTuple):
    """A part of a divided bar. `kind` is its class: fund, provider, applicant or other."""

    kind: str
    value: float
    shown: str


def share_bar(rows: Sequence[ShareRow], label: str) -> Drawing:
    """Return one bar divided by the values, each part with its text if there is room for it."""
    total = sum(row.value for row in rows) or 1
    shapes, x = [], 0.0
    for row in rows:
        width = WIDTH * row.value / total
        shapes.append(element("rect", class_=row.kind, x=x, y=0, width=max(width - 2, 0), height=_SHARES_HEIGHT))
        if text_width(row.shown) + _GAP <= width:
            middle = _SHARES_HEIGHT / 2 + TEXT_SIZE * 0.35
            shapes.append(text(row.shown, x + (width - 2) / 2, middle, anchor="middle", class_=f"on-{row.kind}"))
        x += width
    return Drawing(WIDTH, _SHARES_HEIGHT, Markup("").join(shapes), label)
