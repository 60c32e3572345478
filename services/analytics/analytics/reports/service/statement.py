"""The reconciliation of a report: every printed number as a row of a statistic, checked as an outside statistic is."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Final

from analytics.facts.schemas import Group
from analytics.kpis.service import Unit, change_percent, kpi_definitions
from analytics.reconciliations.schemas import Reconciliation, Verdict
from analytics.reconciliations.service import reconcile
from analytics.reports.policy import ReportFigure, report_figures
from analytics.reports.schemas import ReportContent, ReportContradiction
from analytics.reports.service.lines import SETTLED, ReportLine, lines_of, settled, total_of
from analytics.reports.service.measuring import PartLabels, figures_of
from analytics.reports.service.naming import caption_of, line_label
from analytics.reports.service.periods import ReportPeriod
from analytics.reports.service.wording import Wording

YES: Final = "yes"
BEFORE: Final = "~"
SHARE, CHANGE, CHANGE_PERCENT = "%", "±", "±%"
"""Ends of the keys of rows: of the period before, and what is printed about a number."""
COMPARED: Final = ("received", "kinds.CONSULTATION", "complaints", "settled")
"""What the table of the main figures compares in per cent."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A row of the statistic; its fields are the columns that `analytics.reconciliations` reads."""

    id: str
    title: str
    value: str
    period: str
    part_of: str = ""
    whole_list: str = ""
    figure: str = ""
    share_of: str = ""
    change_from: str = ""


def check(content: ReportContent, labels: PartLabels, wording: Wording) -> Reconciliation:
    """Return the checks of everything that a report prints. It takes some milliseconds: call it in a thread."""
    rows = {row.id: row for row in _Statement(content, labels, wording).rows()}
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(StatementRow)])
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows.values())
    return reconcile(text.getvalue().encode())


def contradictions(found: Reconciliation) -> tuple[ReportContradiction, ...]:
    """Return the numbers that do not follow from the others."""
    names = ReportContradiction.model_fields
    return tuple(
        ReportContradiction(**each.model_dump(include=set(names))) for each in found.checks if each.verdict is Verdict.CONTRADICTION
    )


class _Statement:
    def __init__(self, content: ReportContent, labels: PartLabels, wording: Wording) -> None:
        self._content, self._labels, self._wording = content, labels, wording
        self._period = ReportPeriod.of_code(content.period)
        self._periods = {"": content.period, BEFORE: self._period.compared(content.compare).code}
        self._numbers = {"": content.figures, BEFORE: content.before}

    def rows(self) -> Iterator[StatementRow]:
        """Yield the rows; of two with one key the later one counts."""
        for figure in figures_of(self._content.region):
            if figure.shown:
                yield from self._missing_total(figure)
                for line in lines_of(self._content, figure.code):
                    yield from self._line(figure, line)
            elif kpi_definitions()[figure.kpi].unit is Unit.APPEALS:
                yield from self._single(figure)
        yield from self._settled()
        for code in COMPARED:
            yield from self._compared(code)

    def _missing_total(self, figure: ReportFigure) -> Iterator[StatementRow]:
        """Yield the total of the parts if it is itself a part that nothing was counted for."""
        if figure.total and "." in figure.total:
            for side, numbers in self._numbers.items():
                if total_of(numbers, figure.total) == 0:
                    yield StatementRow(figure.total + side, caption_of(figure.code, self._wording), "0", self._periods[side])

    def _line(self, figure: ReportFigure, line: ReportLine) -> Iterator[StatementRow]:
        title = f"{caption_of(figure.code, self._wording)}: {line_label(figure, line.code, self._labels, self._wording)}"
        key, total = f"{figure.code}.{line.code}", figure.total or ""
        is_month = figure.part_group is Group.MONTH
        for side, code, value in (("", line.code, line.value), (BEFORE, line.code_before, line.before)):
            period = code if is_month else self._periods[side]
            yield StatementRow(key + side, title, self._wording.count(value), period, f"{total}{side}/{figure.code}", YES)
        share = line.share(total_of(self._content.figures, total))
        if share is not None:
            printed = self._wording.percent(share)
            yield StatementRow(key + SHARE, title, printed, self._content.period, figure=key, share_of=total)
        yield self._change(key, title, line.change)

    def _change(self, key: str, title: str, change: int) -> StatementRow:
        printed = self._wording.formats.number(change, signed=True)
        return StatementRow(key + CHANGE, title, printed, self._content.period, figure=key, change_from=key + BEFORE)

    def _single(self, figure: ReportFigure) -> Iterator[StatementRow]:
        title = caption_of(figure.code, self._wording)
        for side, numbers in self._numbers.items():
            value = self._wording.count(numbers[figure.code].value or 0)
            total = figure.total or ("" if figure.code == "received" else "received")
            part_of = f"{total}{side}/{figure.code}" if total else ""
            if figure.total and total_of(numbers, figure.total) == 0:
                yield StatementRow(figure.total + side, title, "0", self._periods[side])
            yield StatementRow(figure.code + side, title, value, self._periods[side], part_of, YES if figure.total else "")

    def _settled(self) -> Iterator[StatementRow]:
        title = caption_of("settled", self._wording)
        for side, numbers in self._numbers.items():
            period, key, complaints = self._periods[side], f"settled{side}", total_of(numbers, "complaints")
            value = settled(numbers)
            yield StatementRow(key, title, self._wording.count(value), period, f"complaints{side}/settled")
            for code in SETTLED:
                count = self._wording.count(numbers["outcomes"].part(code))
                named = f"{title}: {line_label(report_figures()['outcomes'], code, self._labels, self._wording)}"
                yield StatementRow(f"settled.{code}{side}", named, count, period, key, YES)
            if complaints:
                share = self._wording.share(value, complaints)
                yield StatementRow(key + SHARE, title, share, period, figure=key, share_of=f"complaints{side}")

    def _compared(self, code: str) -> Iterator[StatementRow]:
        value, before = compared_numbers(self._content, code)
        title = caption_of(code, self._wording)
        yield self._change(code, title, value - before)
        percent = change_percent(value, before)
        if percent is not None:
            printed = self._wording.formats.percent(percent, signed=True)
            yield StatementRow(code + CHANGE_PERCENT, title, printed, self._content.period, figure=code, change_from=code + BEFORE)


def compared_numbers(content: ReportContent, code: str) -> tuple[int, int]:
    """Return a main figure of the period and of the one before."""
    if code == "settled":
        return settled(content.figures), settled(content.before)
    return total_of(content.figures, code), total_of(content.before, code)
