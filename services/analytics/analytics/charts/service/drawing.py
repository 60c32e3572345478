"""SVG elements, and drawings that stand in a page or in a file of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

from analytics.charts.service.scales import TEXT_SIZE, text_width

_STYLE: Final = Path(__file__).parent.parent / "static" / "charts.css"
_FILE_MARGIN: Final = 16.0
_HEADING_SIZE: Final = 15.0
_LINE_HEIGHT: Final = 1.35
_LIGHT: Final[Mapping[str, str]] = {
    "ink": "#13212b", "ink-soft": "#475763", "line": "#d3dde2", "edge": "#7d8d98", "paper": "#fff", "ground": "#f3f6f7", "sky": "#0a6e82",
    "sun": "#f0b400", "sun-ink": "#2a2000", "shade-1": "#e0eef1", "shade-2": "#bfdce2", "shade-3": "#97c5cf", "shade-4": "#27798b",
    "shade-5": "#06505f", "bad": "#a8231b",
}  # fmt: skip
"""The colours of a file, which has no page to inherit them from, by their names in the style sheet."""
_COLOUR: Final = re.compile(r"var\(--([a-z0-9-]+)\)")
_ONLY_PAGES: Final = re.compile(r"^(?::root|@media|/\*|\.drawing \{).*\n", re.MULTILINE)


def element(name: str, content: str | Markup = "", /, **attributes: object) -> Markup:
    """Return an SVG element. Attributes that are None are left out, `_` stands for `-`, and numbers are rounded to a tenth."""
    given = {key.rstrip("_").replace("_", "-"): escape(_number(value)) for key, value in attributes.items() if value is not None}
    written = "".join(f' {key}="{value}"' for key, value in given.items())
    # A page has a thousand of these, and Markup.format takes as long as everything else about them.
    if not content:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - the values are escaped
    return Markup(f"<{name}{written}>{escape(content)}</{name}>")  # noqa: S704 - so is the content, unless it is markup


def text(content: str, x: float, y: float, *, anchor: str | None = None, class_: str | None = None) -> Markup:
    """Return a text with its baseline at `y`. `anchor`: middle or end."""
    return element("text", content, x=x, y=y, text_anchor=anchor, class_=class_)


def _number(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Drawing:
    """The content of a chart and its size. `label` describes it to those who do not see it."""

    width: float
    height: float
    body: Markup
    label: str

    def in_page(self) -> Markup:
        """Return the chart as an element of a page, drawn with the page's style sheet."""
        return element("svg", self.body, class_="drawing", viewBox=self._box(), role="img", aria_label=self.label)

    def as_file(self, heading: str, sentence: str, source: str) -> str:
        """Return a complete SVG file with heading, sentence, chart and source, in light colours."""
        lines = [heading, *_lines(sentence, self.width)]
        height = _FILE_MARGIN + _HEADING_SIZE + len(lines[1:]) * TEXT_SIZE * _LINE_HEIGHT
        words = [text(heading, _FILE_MARGIN, _FILE_MARGIN + _HEADING_SIZE * 0.8, class_="heading")]
        first = _FILE_MARGIN + _HEADING_SIZE * _LINE_HEIGHT + TEXT_SIZE * 0.6
        words += [text(line, _FILE_MARGIN, first + TEXT_SIZE * _LINE_HEIGHT * number) for number, line in enumerate(lines[1:])]
        top = height + _FILE_MARGIN
        bottom = top + self.height + _FILE_MARGIN + TEXT_SIZE
        chart = element("g", self.body, transform=f"translate({_FILE_MARGIN:g} {top:.1f})")
        note = text(source, _FILE_MARGIN, bottom)
        width, full = self.width + 2 * _FILE_MARGIN, bottom + _FILE_MARGIN
        style = Markup("<style>{}</style>").format(_style())
        content = Markup("").join([element("title", heading), style, *words, chart, note])
        return str(
            element(
                "svg", content, xmlns="http://www.w3.org/2000/svg", class_="drawing", viewBox=f"0 0 {width:g} {full:.0f}",
                width=2 * width, height=2 * full,
            )
        )  # fmt: skip

    def _box(self) -> str:
        return f"0 0 {self.width:g} {self.height:g}"


@cache
def _style() -> Markup:
    """Return the style sheet with the colours filled in: many programs that show files know no variables."""
    rules = _ONLY_PAGES.sub("", _STYLE.read_text(encoding="utf-8"))
    return Markup(_COLOUR.sub(lambda found: _LIGHT[found[1]], rules))  # noqa: S704 - the style sheet of this package


def _lines(sentence: str, width: float) -> list[str]:
    """Return a sentence in lines no wider than `width`, unless a single word is."""
    lines: list[str] = []
    for word in sentence.split(" "):
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def described(shape: Markup, description: str) -> Markup:
    """Return a group of shapes with the text that a pointer shows."""
    return element("g", element("title", escape(description)) + shape)
