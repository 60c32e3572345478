"""What changed and what to do: a short list computed from the figures, most important first."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from analytics.dashboard.policy import Text
from analytics.dashboard.service.chart import Chart
from analytics.dashboard.service.lines import Line
from analytics.dashboard.service.sections import Sections
from analytics.kpis.service import UNSPECIFIED
from analytics.sentences.service import Amount, region_inside
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.web.i18n import N_

ADVICE_SHOWN: Final = 6
OVERDUE_TAB: Final = "overdue"
"""The list of the desk with the cases past a due time."""
LEAST_CHANGE: Final = 1.0
"""Percentage points by which the share answered in time must change to be mentioned."""
LEAST_RISE: Final = 5
"""Complaints by which a reason or a region must rise to be mentioned: the smallest published count."""
LEAST_SHARE: Final = 20.0
"""Per cent of the complaints that are about one organisation before it is mentioned."""


class Advice(NamedTuple):
    """A sentence with the link to what it is about. `tone`: better, worse or nothing. `more`: the address and the text of a second link."""

    text: str
    href: str
    link: str
    tone: str = ""
    more: tuple[str, str] | None = None


def advice_of(sections: Sections, charts: dict[str, Chart]) -> list[Advice]:
    """Return what a director should know and do first."""
    found = [
        *_overall(sections),
        *_overdue(sections),
        *_risen(sections, charts, "reasons", Text.ADVICE_REASON, sections.translate(N_("Show these complaints"))),
        *_risen(sections, charts, "regions", Text.ADVICE_REGION, sections.translate(N_("Show the region"))),
        *_in_time(sections),
        *_provider(sections, charts),
        *_proofs(sections),
    ]
    if not any(each.tone == "worse" for each in found) and not sections.reading.view.public:
        found.append(Advice(sections.write(Text.ADVICE_CALM), "#changes", sections.translate(N_("All figures"))))
    return found[:ADVICE_SHOWN]


def _overall(sections: Sections) -> Iterator[Advice]:
    figure = sections.reading.singles.get("complaints")
    comparison = None if figure is None else figure.comparison
    if figure is None or figure.value is None or comparison is None or comparison.value is None or not (figure.value or comparison.value):
        return
    link = sections.translate(N_("Complaints over time"))
    if not comparison.change:
        yield Advice(sections.write(Text.ADVICE_SAME, now=Amount.number(figure.value)), "#changes", link)
    elif comparison.change_percent is not None:
        values = {"now": figure.value, "before": comparison.value, "change": abs(comparison.change)}
        amounts = {name: Amount.number(value) for name, value in values.items()}
        text = Text.ADVICE_MORE if comparison.change > 0 else Text.ADVICE_FEWER
        sentence = sections.write(text, **amounts, percent=Amount.percent(comparison.change_percent, signed=True))
        yield Advice(sentence, "#changes", link, "worse" if comparison.change > 0 else "better")


def _overdue(sections: Sections) -> Iterator[Advice]:
    """Lead those who handle appeals to the cases that still wait, and to all appeals that the figure counts: some were answered late."""
    figure = sections.reading.singles.get("overdue")
    if figure is None or not figure.value:
        return
    sentence = sections.write(Text.ADVICE_OVERDUE, count=Amount.number(figure.value))
    appeals, desk = sections.appeals_href("overdue"), sections.desk_href(tab=OVERDUE_TAB)
    listed = None if appeals is None else (appeals, sections.translate(N_("Show these appeals")))
    if desk is not None:
        yield Advice(sentence, desk, sections.translate(N_("Open those that wait at the desk")), "worse", listed)
    else:
        yield Advice(sentence, *(listed or ("#time", sections.translate(N_("Deadlines")))), "worse")


def _risen(sections: Sections, charts: dict[str, Chart], chart_id: str, text: Text, link: str) -> Iterator[Advice]:
    chart = charts.get(chart_id)
    if chart is None or (chart_id == "regions" and "regions" not in sections.reading.splits):
        return
    line = _most_risen(chart.lines)
    if line is not None:
        values = {"now": line.value, "before": line.before, "change": line.change}
        amounts = {name: Amount.number(value or 0) for name, value in values.items()}
        href = (line.appeals_href if chart_id == "reasons" else None) or line.href or f"#{chart_id}"
        inside = region_inside(line.code if line.code in regions() else None)
        yield Advice(sections.write(text, label=line.label, inside=inside, **amounts), href, link, "worse")


def _most_risen(lines: Sequence[Line]) -> Line | None:
    risen = [(line.change, line) for line in lines if line.code not in {UNSPECIFIED, CENTRAL_OFFICE} and line.change is not None]
    change, line = max(risen, key=lambda pair: pair[0], default=(0, None))
    return line if change >= LEAST_RISE else None


def _in_time(sections: Sections) -> Iterator[Advice]:
    figure = sections.reading.singles.get("answered_in_time")
    comparison = None if figure is None else figure.comparison
    if figure is None or figure.value is None or comparison is None or comparison.value is None or comparison.change is None:
        return
    if abs(comparison.change) >= LEAST_CHANGE:
        is_worse = comparison.change < 0
        sentence = sections.write(
            Text.ADVICE_TIME_WORSE if is_worse else Text.ADVICE_TIME_BETTER,
            now=Amount.percent(figure.value),
            before=Amount.percent(comparison.value),
            points=Amount.points(comparison.change, signed=True),
        )
        yield Advice(sentence, "#time", sections.translate(N_("Deadlines")), "worse" if is_worse else "better")


def _provider(sections: Sections, charts: dict[str, Chart]) -> Iterator[Advice]:
    chart = charts.get("providers")
    lines = [] if chart is None else [line for line in chart.lines if line.code != UNSPECIFIED]
    if lines and (lines[0].share or 0) >= LEAST_SHARE and (lines[0].value or 0) >= LEAST_RISE:
        line = lines[0]
        sentence = sections.write(
            Text.ADVICE_PROVIDER, share=Amount.percent(line.share or 0), label=line.label, value=Amount.number(line.value or 0)
        )
        yield Advice(sentence, line.appeals_href or line.href or "#providers", sections.translate(N_("Show these complaints")), "worse")


def _proofs(sections: Sections) -> Iterator[Advice]:
    for kpi_id, text in (("refuted", Text.ADVICE_REFUTED), ("unproven", Text.ADVICE_UNPROVEN)):
        figure = sections.reading.singles.get(kpi_id)
        if figure is not None and figure.value:
            appeals = sections.appeals_href(kpi_id)
            link = sections.translate(N_("Show these complaints") if appeals else N_("Quality"))
            yield Advice(sections.write(text, count=Amount.number(figure.value)), appeals or "#quality", link, "worse")
