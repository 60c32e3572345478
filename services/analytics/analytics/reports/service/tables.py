"""The tables and charts of a report."""

from collections.abc import Sequence
from typing import Final

from analytics.facts.schemas import Group
from analytics.kpis.service import change_percent
from analytics.reports.policy import report_figures
from analytics.reports.schemas import Number, ReportChange, ReportContent
from analytics.reports.service.document import ChartBar, ReportChart, ReportTable
from analytics.reports.service.lines import (
    ReportLine,
    has_named_lines,
    has_whole_register,
    is_comparable,
    lines_of,
    total_of,
    unnamed_is_less,
)
from analytics.reports.service.measuring import PartLabels, figures_of
from analytics.reports.service.naming import caption_of, line_label
from analytics.reports.service.periods import ReportPeriod
from analytics.reports.service.statement import COMPARED, compared_numbers
from analytics.reports.service.wording import Wording

CHANGES_SHOWN: Final = 100
DASH: Final = "–"


class Tables:
    """Makes the tables and charts of one report in one language."""

    def __init__(self, content: ReportContent, labels: PartLabels, wording: Wording) -> None:
        self._content, self._labels, self._wording = content, labels, wording
        period = ReportPeriod.of_code(content.period)
        self._now = period.name(wording.language).alone
        self._before = period.compared(content.compare).name(wording.language).alone

    def main(self) -> ReportTable:
        """Return the main figures of both periods, with the change."""
        text = self._wording.text
        heads = (text("figure"), self._before, self._now, text("change"), text("change_percent"))
        return ReportTable(text("summary"), heads, tuple(self._main_row(code) for code in COMPARED))

    def _main_row(self, code: str) -> tuple[str, ...]:
        value, before = compared_numbers(self._content, code)
        if not self._is_compared(code):
            return caption_of(code, self._wording), DASH, self._number(value), DASH, DASH
        share = change_percent(value, before)
        printed = self._wording.formats.percent(share, signed=True) if share is not None else DASH
        return caption_of(code, self._wording), self._number(before), self._number(value), self._signed(value - before), printed

    def _is_compared(self, code: str) -> bool:
        """Return whether a main figure can be compared with that of the period before."""
        is_of_all = code in {"received", "kinds.CONSULTATION"}
        return has_whole_register(self._content) if is_of_all else total_of(self._content.before, "complaints") > 0

    def table(self, code: str) -> ReportTable:
        """Return the parts of a figure with their shares, their total, and if it can be compared the numbers before and the changes."""
        figure, text = report_figures()[code], self._wording.text
        total, before = (total_of(numbers, figure.total or code) for numbers in (self._content.figures, self._content.before))
        is_compared = is_comparable(self._content, code)
        lines = [line for line in lines_of(self._content, code) if is_compared or line.value]
        rows = [(self._label(code, line), *self._cells(line, total, is_compared=is_compared)) for line in lines]
        whole = (text("total"), *self._cells(ReportLine("", "", total, before), total, is_compared=is_compared))
        name = text("month") if figure.part_group is Group.MONTH else text("name")
        heads = (self._before, self._now, text("share"), text("change")) if is_compared else (self._now, text("share"))
        return ReportTable(caption_of(code, self._wording), (name, *heads), (*rows, whole), has_total=True)

    def _cells(self, line: ReportLine, total: int, *, is_compared: bool) -> tuple[str, ...]:
        share = line.share(total)
        printed = self._wording.percent(share) if share is not None else DASH
        now = self._number(line.value), printed
        return (self._number(line.before), *now, self._signed(line.change)) if is_compared else now

    def chart(self, code: str) -> ReportChart:
        """Return the parts of a figure as bars, with their numbers and shares."""
        lines = [line for line in lines_of(self._content, code) if line.value]
        total = total_of(self._content.figures, report_figures()[code].total or code)
        longest = max((line.value for line in lines), default=1)
        bars = tuple(
            ChartBar(
                self._label(code, line), f"{self._number(line.value)} · {self._wording.share(line.value, total)}", line.value / longest
            )
            for line in lines
        )
        title = caption_of(code, self._wording)
        return ReportChart(title, f"{title}: " + "; ".join(f"{bar.label} – {bar.value}" for bar in bars), bars)

    def sums(self) -> ReportTable:
        """Return what was added up: each table, the sum of its parts, and the total that it was compared with."""
        text, rows = self._wording.text, []
        for figure in figures_of(self._content.region):
            if figure.shown and has_named_lines(self._content, figure.code):
                lines = lines_of(self._content, figure.code)
                total = total_of(self._content.figures, figure.total or figure.code)
                rows.append((caption_of(figure.code, self._wording), self._number(sum(each.value for each in lines)), self._number(total)))
        return ReportTable(text("sums_table"), (text("sums_name"), text("sums_parts"), text("total")), tuple(rows))

    def changes(self, changes: Sequence[ReportChange]) -> ReportTable:
        """Return the numbers that have changed since the issue before, at most CHANGES_SHOWN."""
        text = self._wording.text
        rows = tuple((self._change_label(each), self._any(each.before), self._any(each.now)) for each in changes[:CHANGES_SHOWN])
        return ReportTable(text("since_table"), (text("figure"), text("since_before"), text("since_now")), rows)

    def _change_label(self, change: ReportChange) -> str:
        caption = caption_of(change.figure, self._wording)
        if change.part is None:
            return caption
        figure = report_figures()[change.figure]
        return f"{caption}: {line_label(figure, change.part, self._labels, self._wording)}"

    def is_supported(self, code: str, line: ReportLine) -> bool:
        """Return whether parts without a code cannot explain the change of a line."""
        return unnamed_is_less(self._content, code, line)

    def _label(self, code: str, line: ReportLine) -> str:
        label = line_label(report_figures()[code], line.code, self._labels, self._wording)
        return label[:1].upper() + label[1:] if report_figures()[code].part_group is Group.MONTH else label

    def _number(self, value: int) -> str:
        return self._wording.formats.number(value)

    def _signed(self, value: int) -> str:
        return self._wording.formats.number(value, signed=True)

    def _any(self, value: Number | None) -> str:
        if value is None:
            return DASH
        return self._number(value) if isinstance(value, int) else self._wording.decimal(value)
