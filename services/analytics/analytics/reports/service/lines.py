"""The lines of a report's tables: numbers of the period and of the one before, in the order in which they are printed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from analytics.facts.schemas import Group
from analytics.kpis.service import UNSPECIFIED, percent
from analytics.reports.policy import ReportFigure, report_figures
from analytics.reports.schemas import ReportContent, ReportNumbers
from analytics.reports.service.periods import ReportPeriod

OTHERS: Final = "OTHERS"
"""The code of the line that stands for all parts that are not named."""
UNSPLIT: Final = "ON_SPOT_OR_WITHDRAWN_UNSPLIT"
SETTLED: Final = ("RESOLVED_ON_SPOT", "WITHDRAWN", UNSPLIT)
"""Outcomes of complaints that needed no review by the Fund, as its branches publish them: together."""


class ReportLine(NamedTuple):
    """A line of a table. `code_before` differs from `code` for months alone."""

    code: str
    code_before: str
    value: int
    before: int

    @property
    def change(self) -> int:
        return self.value - self.before

    def share(self, total: int) -> Decimal | None:
        """Return the share of the line in a total; None for a total of 0."""
        return percent(self.value, total)


def total_of(numbers: Mapping[str, ReportNumbers], code: str) -> int:
    """Return the number of a figure, or of a part of one as `figure.CODE`."""
    figure, _, part = code.partition(".")
    return numbers[figure].part(part) if part else int(numbers[figure].value or 0)


def lines_of(content: ReportContent, code: str) -> list[ReportLine]:
    """Return the lines of a figure: months in their order, others largest first, the unnamed and those without a code last."""
    figure = report_figures()[code]
    if figure.part_group is Group.MONTH:
        return _months(content, code)
    now, before = content.figures[code], content.before[code]
    codes = list(dict.fromkeys(part.code for numbers in (now, before) for part in numbers.parts))
    lines = [ReportLine(part, part, now.part(part), before.part(part)) for part in codes if part != UNSPECIFIED]
    lines.sort(key=lambda line: (-line.value, -line.before, line.code))
    unspecified = [ReportLine(UNSPECIFIED, UNSPECIFIED, now.part(UNSPECIFIED), before.part(UNSPECIFIED))] if UNSPECIFIED in codes else []
    return [*_shortened(figure, lines), *unspecified]


def _shortened(figure: ReportFigure, lines: list[ReportLine]) -> list[ReportLine]:
    if len(lines) <= figure.shown + 1:  # a line for a single other part would say less than its name
        return lines
    rest = lines[figure.shown :]
    others = ReportLine(OTHERS, OTHERS, sum(line.value for line in rest), sum(line.before for line in rest))
    return [*lines[: figure.shown], others]


def _months(content: ReportContent, code: str) -> list[ReportLine]:
    period = ReportPeriod.of_code(content.period)
    before = period.compared(content.compare)
    return [
        ReportLine(month, month_before, content.figures[code].part(month), content.before[code].part(month_before))
        for month, month_before in zip(period.months, before.months, strict=True)
    ]


def settled(numbers: Mapping[str, ReportNumbers]) -> int:
    """Return the complaints that were resolved on the spot or withdrawn."""
    return sum(numbers["outcomes"].part(code) for code in SETTLED)


def unnamed_is_less(content: ReportContent, code: str, line: ReportLine) -> bool:
    """Return whether a change of a line is larger than what parts without a code could explain."""
    unspecified = content.before[code] if line.change > 0 else content.figures[code]
    return abs(line.change) > unspecified.part(UNSPECIFIED)


def has_whole_register(content: ReportContent) -> bool:
    """Return whether the appeals of the period before were all registered: a register of complaints alone has no total to compare with."""
    before, now = ((total_of(numbers, "received"), total_of(numbers, "complaints")) for numbers in (content.before, content.figures))
    return before[0] > 0 and (before[0] > before[1] or now[0] == now[1])


def is_comparable(content: ReportContent, code: str) -> bool:
    """Return whether the parts of a figure can be compared with those of the period before.

    They cannot if nothing is known of the parts then, or if one of the two registers published outcomes undivided.
    """
    figure = report_figures()[code]
    root = (figure.total or code).partition(".")[0]
    if not total_of(content.before, figure.total or code) or (root in {"received", "kinds"} and not has_whole_register(content)):
        return False
    if code == "outcomes" and (content.figures[code].part(UNSPLIT) > 0) != (content.before[code].part(UNSPLIT) > 0):
        return False
    return any(part.code != UNSPECIFIED and part.value for part in content.before[code].parts)


def has_named_lines(content: ReportContent, code: str) -> bool:
    """Return whether a table of the figure would name at least one part that was counted."""
    return any(line.code != UNSPECIFIED and line.value for line in lines_of(content, code))
