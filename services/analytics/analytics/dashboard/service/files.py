"""The data and the picture of a chart as files."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from analytics.dashboard.service.chart import Chart
from analytics.dashboard.service.lines import Line
from analytics.dashboard.service.values import HIDDEN
from analytics.exports.service import neutralised
from shared.domain.labels import Label, Language

_COLUMNS: Final = (
    Label("Код", "Код", "Code"),
    Label("Атауы", "Название", "Name"),
    Label("Мәні", "Значение", "Value"),
    Label("Өлшем бірлігі", "Единица измерения", "Unit"),
    Label("Үлесі, %", "Доля, %", "Share, %"),
    Label("Бұрынғы мәні", "Прежнее значение", "Value before"),
    Label("Өзгерісі", "Изменение", "Change"),
    Label("Өзгерісі, %", "Изменение, %", "Change, %"),
)
_EXPECTED: Final = (
    Label("Күтілгені", "Ожидалось", "Expected"),
    Label("Күтілгенмен салыстырғанда", "По сравнению с ожидаемым", "Compared with expected"),
)
_UNITS: Final = {
    "appeals": Label("өтініш", "обращений", "appeals"),
    "calls": Label("қоңырау", "звонков", "calls"),
    "questions": Label("сұрақ", "вопросов", "questions"),
    "inquiries": Label("сұрау", "запросов", "inquiries"),
    "per_10000": Label("10 000 тұрғынға", "на 10 000 жителей", "for 10 000 people"),
    "seconds": Label("секунд", "секунд", "seconds"),
    "percent": Label("%", "%", "%"),
    "score": Label("балл", "баллов", "points"),
}


def csv_of(chart: Chart, language: Language) -> bytes:
    """Return the lines of a chart as CSV in UTF-8, with the mark by which Excel recognises it."""
    written = io.StringIO(newline="")
    written.write("\ufeff")
    rows = csv.writer(written)
    columns = (*_COLUMNS, *_EXPECTED) if chart.has_expectations else _COLUMNS
    rows.writerow(column.in_(language) for column in columns)
    rows.writerows(list(_cells(line, language)) for line in chart.lines)
    return written.getvalue().encode()


def _cells(line: Line, language: Language) -> Iterator[str | float]:
    hidden = HIDDEN.in_(language)
    yield from (neutralised_text(line.code), neutralised_text(line.label))
    yield hidden if line.is_hidden else _or_empty(line.value)
    yield _UNITS[line.unit].in_(language) if line.unit in _UNITS else line.unit
    yield _or_empty(line.share)
    yield hidden if line.was_hidden else _or_empty(line.before)
    yield from (_or_empty(line.change), _or_empty(line.percent))
    if line.expectation is not None:
        yield from (line.expectation.number, line.expectation.text)


def neutralised_text(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula."""
    return str(neutralised(text))


def _or_empty(value: float | None) -> float | str:
    return "" if value is None else value


def svg_of(chart: Chart, source: str) -> bytes | None:
    """Return the picture of a chart as a file of its own; None for a chart without one."""
    return None if chart.drawing is None else chart.drawing.as_file(chart.heading, chart.sentence, source).encode()
