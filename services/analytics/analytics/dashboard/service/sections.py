"""The charts of the page: each with a heading, a sentence that says what it shows, its lines and its drawing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final
from urllib.parse import urlencode

from analytics.charts.service import BarRow, LineSeries, ShareRow, TileValue, bar_chart, line_chart, share_bar, tile_map
from analytics.dashboard.policy import OF_COMPLAINTS, PEOPLE_TEXTS, Text, texts
from analytics.dashboard.service.chart import Chart, Shape
from analytics.dashboard.service.choices import PATH, Choice
from analytics.dashboard.service.lines import COUNTS, Expectation, Line, Link, line_of, lines_of
from analytics.dashboard.service.points import axis_labels, is_partial, point_name, whole_values
from analytics.dashboard.service.reading import Needs, Reading, TrendPair
from analytics.dashboard.service.values import Values
from analytics.facts.schemas import Grain
from analytics.kpis.schemas import Compare, Figure
from analytics.kpis.service import UNSPECIFIED, DashboardSection, Unit, kpi_definitions, population_of
from analytics.providers.service import FUNNEL_NAMES, by_attention, funnel_kind, index_funnel, index_sentence
from analytics.sentences.service import Amount, Value, filled, period_name, region_inside
from shared.domain.labels import Label, Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

BARS_IN_FILE: Final = 20
APPEALS_PATH: Final = f"{PATH}/appeals"
DESK_PATH: Final = "/routing/desk"


SPLIT_CHARTS: Final[Mapping[str, tuple[str, str, Text, str | None]]] = {
    "reasons": (N_("Reasons of complaints"), N_("Reason"), Text.TOP_REASON, "category"),
    "channels": (N_("Channels"), N_("Channel"), Text.TOP_CHANNEL, "channel"),
    "topics": (N_("Topics of consultations"), N_("Topic"), Text.TOP_TOPIC, "topic"),
    "kinds": (N_("Kinds of appeals"), N_("Kind of appeal"), Text.TOP_KIND, "kind"),
    "tiers": (N_("Tiers"), N_("Tier"), Text.TOP_TIER, "tier"),
    "backlog": (N_("Appeals waiting, by age"), N_("Since receipt"), Text.TOP_AGE, None),
    "outcomes": (N_("Outcomes of complaints"), N_("Outcome"), Text.TOP_OUTCOME, None),
    "providers": (N_("Medical organisations"), N_("Medical organisation"), Text.TOP_PROVIDER, "provider_id"),
    "districts": (N_("Districts"), N_("District"), Text.TOP_DISTRICT, "district"),
}
"""Charts of parts as bars: heading, heading of the names, sentence about the largest, and the filter that a line sets."""
_COMPLAINT_CHARTS: Final = frozenset({"reasons", "providers", "districts", "regions", "outcomes"})
NUMBER_CHARTS: Final = {
    "deadlines": (DashboardSection.TIME, N_("Deadlines")),
    "quality": (DashboardSection.QUALITY, N_("What can be trusted")),
    "centre": (DashboardSection.CENTRE, N_("Calls")),
}
TREND_CHARTS: Final = {
    "received-trend": ("received", N_("Appeals over time")),
    "complaints-trend": ("complaints", N_("Complaints over time")),
    "in-time-trend": ("answered_in_time", N_("Answered in time, over time")),
}
FUNNEL: Final = "funnel"
LINES_OF_FUNNEL: Final = 20  # of the table on the page, and so with links; the file has all
_INDEX_PATH: Final = "/analytics/providers"
HELD: Final = {"held_by_fund": "fund", "held_by_provider": "provider", "held_by_applicant": "applicant"}


def needs_of(chart_id: str) -> Needs | None:
    """Return the figures that a chart needs; None for an unknown chart."""
    if chart_id in TREND_CHARTS:
        return Needs(frozenset({DashboardSection.MAIN}), frozenset(), frozenset({TREND_CHARTS[chart_id][0]}))
    if chart_id in NUMBER_CHARTS:
        # A sentence about deadlines begins with a main figure.
        return Needs(frozenset({DashboardSection.MAIN, NUMBER_CHARTS[chart_id][0]}), frozenset())
    if chart_id == "held":
        return Needs(frozenset({DashboardSection.TIME}), frozenset())
    if chart_id == FUNNEL:
        return Needs(frozenset(), frozenset(), has_funnel=True)
    if chart_id == "regions":
        return Needs(frozenset(), frozenset({"regions", "received_regions"}))
    return Needs(frozenset(), frozenset({chart_id})) if chart_id in SPLIT_CHARTS else None


class Sections:
    """Builds the charts of a reading in one language."""

    def __init__(self, reading: Reading, choice: Choice, language: Language, translate: Callable[[str], str]) -> None:
        self.reading = reading
        self.choice = choice
        self.language = language
        self.translate = translate
        self.values = Values(language, is_public=reading.view.public)

    def charts(self) -> dict[str, Chart]:
        """Return the charts that this visitor may see, by id."""
        found = {chart.id: chart for chart in (*self._trends(), *self._splits(), *self._numbers())}
        for chart in (self._regions(), self._funnel(), self._held()):
            if chart is not None:
                found[chart.id] = chart
        return found

    def write(self, text: Text, **values: Value) -> str:
        """Return a sentence in the visitor's language."""
        return filled(texts()[text], values, self.language)

    def label_of(self, kpi_id: str) -> str:
        """Return the heading of a figure on this page."""
        heading = OF_COMPLAINTS.get(kpi_id)
        return kpi_definitions()[kpi_id].label.in_(self.language) if heading is None else self.translate(heading)

    def line(self, figure: Figure) -> Line:
        """Return the line of a figure without parts, with a link to its appeals for those who may read them."""
        has_appeals = kpi_definitions()[figure.id].grain is Grain.APPEALS and figure.unit == Unit.APPEALS
        return line_of(
            figure, self.label_of(figure.id), appeals_href=self.appeals_href(figure.id) if has_appeals and figure.value else None
        )

    def people_sentence(self, figure: Figure) -> str:
        """Return by whose number a figure for 10 000 people is divided, or why it has no value; nothing for other figures."""
        counted = kpi_definitions()[figure.id].people
        if counted is None:
            return ""
        known, unknown, unknown_in = PEOPLE_TEXTS[counted]
        if figure.missing is not None:
            if self.reading.region:
                return self.write(unknown)
            return self.write(unknown_in, count=Amount.number(len(figure.missing.regions)))
        found = population_of(self.reading.region, counted, figure.last) if self.reading.region else None
        if found is None:
            return ""
        return self.write(known, people=Amount.number(found.people), day=period_name(found.counted_on, found.counted_on))

    def appeals_href(self, kpi_id: str, **filters: str) -> str | None:
        """Return the address of the list of the appeals that a figure counts; None for visitors who may not read it."""
        if not self.reading.view.sees_appeals or self.reading.view.public:
            return None
        of_complaints = {"kind": "COMPLAINT"} if kpi_id in OF_COMPLAINTS and not self.reading.request.filters.kind else {}
        return self.choice.href(APPEALS_PATH, kpi=kpi_id, **of_complaints, **filters)

    def desk_href(self, **parameters: str) -> str | None:
        """Return the address of the list of cases at the desk, narrowed as the figures are.

        None for visitors without cases there, and where the desk has no such filter: it shows a clerk's own region or all regions, knows
        no districts, and takes a category without those below it.
        """
        view, filters = self.reading.view, self.choice.filters
        is_elsewhere = view.bound_to is None and self.reading.region is not None
        has_categories_below = any(entry.parent == filters.get("category") for entry in taxonomy().categories.values() if entry.parent)
        if not view.sees_appeals or view.public or is_elsewhere or "district" in filters or has_categories_below:
            return None
        days = self.reading.request.period
        received = {"received_from": days.first.isoformat(), "received_to": days.last.isoformat()}
        return f"{DESK_PATH}?{urlencode({**parameters, **received, **filters})}"

    # -- lines over time

    def _trends(self) -> Iterator[Chart]:
        for chart_id, (kpi_id, heading) in TREND_CHARTS.items():
            pair = self.reading.trends.get(kpi_id)
            if pair is not None:
                yield self._trend(chart_id, kpi_id, self.translate(heading), pair)

    def _trend(self, chart_id: str, kpi_id: str, heading: str, pair: TrendPair) -> Chart:
        unit = kpi_definitions()[kpi_id].unit
        lines = [self._point_line(kpi_id, index, pair) for index in range(len(pair.now))]
        whole = [line for line, point in zip(lines, pair.now, strict=True) if not is_partial(pair.interval, point)]
        sentence = self._trend_sentence(kpi_id, whole)
        if len(whole) < len(lines):
            sentence += " " + self.write(Text.PARTIAL)
        if pair.began is not None:
            sentence += " " + self.write(Text.BEGAN, label=pair.began)
        is_share = unit == Unit.PERCENT
        series = [LineSeries("now", whole_values(pair, pair.now))]
        if pair.before:
            before = [*whole_values(pair, pair.before), *([None] * len(pair.now))][: len(pair.now)]
            series.append(LineSeries("was", before, "was"))
        drawing = line_chart(
            series,
            axis_labels(pair, self.language),
            lambda value: self.values.text(value, unit),
            f"{heading}. {sentence}",
            descriptions=[f"{line.label}: {self.values.text(line.value, unit, is_hidden=line.is_hidden)}" for line in lines],
            show_tick=(lambda value: f"{value:g}\u00a0%") if is_share else None,
            whole=not is_share,
            most=100 if is_share else None,
        )
        return Chart(chart_id, heading, sentence, self.translate(N_("Period")), Shape.LINE, lines, drawing)

    def _point_line(self, kpi_id: str, index: int, pair: TrendPair) -> Line:
        kpi, now = kpi_definitions()[kpi_id], pair.now[index]
        before = pair.before[index] if index < len(pair.before) else None
        return Line(
            now.first.isoformat(),
            point_name(now).in_(self.language),
            kpi.unit,
            now.value,
            None if before is None else before.value,
            n=now.n,
            is_hidden=now.suppressed,
            was_hidden=before is not None and before.suppressed,
            direction=kpi.direction,
        )

    def _trend_sentence(self, kpi_id: str, lines: Sequence[Line]) -> str:
        figure = self.reading.singles[kpi_id]
        if kpi_id == "answered_in_time":
            return self.in_time_sentence()
        if figure.value is None:
            return self.write(Text.SOME_HIDDEN if figure.suppressed else Text.NOTHING)
        sentence = self.total_sentence(figure)
        largest = max((line for line in lines if line.value), key=lambda line: line.value or 0, default=None)
        if largest is not None and len(lines) > 1 and largest.value is not None:
            sentence += " " + self.write(Text.PEAK, value=Amount.number(largest.value), label=largest.label)
        return sentence

    def total_sentence(self, figure: Figure) -> str:
        """Return how many appeals or complaints there were, and how many more or fewer than before."""
        name = figure.id.upper()
        values: dict[str, Value] = {"total": Amount.number(figure.value or 0)}
        comparison, change = figure.comparison, None if figure.comparison is None else figure.comparison.change
        if comparison is None or comparison.value is None or change is None:
            return self.write(Text[name], **values)
        if comparison.change_percent is None:
            return self.write(Text[f"{name}_NEW" if figure.value else f"{name}_SAME"], **values, as_before=self.as_before)
        if change == 0:
            return self.write(Text[f"{name}_SAME"], **values, as_before=self.as_before)
        values |= {
            "than": self.than,
            "change": Amount.number(abs(change)),
            "percent": Amount.percent(comparison.change_percent, signed=True),
        }
        return self.write(Text[f"{name}_MORE" if change > 0 else f"{name}_FEWER"], **values)

    @property
    def than(self) -> Label:
        """Return what the period is compared with, after "more"."""
        return texts()[Text.THAN_PERIOD if self.reading.request.compare is Compare.PREVIOUS_PERIOD else Text.THAN_YEAR]

    @property
    def as_before(self) -> Label:
        """Return what the period is compared with, after an equal number."""
        return texts()[Text.AS_PERIOD if self.reading.request.compare is Compare.PREVIOUS_PERIOD else Text.AS_YEAR]

    # -- parts

    def _splits(self) -> Iterator[Chart]:
        for chart_id, (heading, names, text, name) in SPLIT_CHARTS.items():
            found = self.reading.splits.get(chart_id)
            if found is None:
                continue
            lines = lines_of(found, self.language, self._link(chart_id, name), self._appeals_link(found.now.id, name))
            sentence = self.parts_sentence(text, lines)
            yield self._bars(chart_id, self.translate(heading), self.translate(names), sentence, lines)

    def _link(self, chart_id: str, name: str | None) -> Link | None:
        if name is None or self.reading.view.public:
            return None
        anchor = "#reasons" if chart_id in _COMPLAINT_CHARTS else "#changes"
        return lambda code: self.choice.href(**{name: code}) + anchor

    def _appeals_link(self, kpi_id: str, name: str | None) -> Link | None:
        return None if name is None else lambda code: self.appeals_href(kpi_id, **{name: code})

    def _bars(self, chart_id: str, heading: str, names: str, sentence: str, lines: Sequence[Line]) -> Chart:
        rows = [BarRow(line.label, line.value, self._bar_text(line)) for line in lines[:BARS_IN_FILE]]
        return Chart(chart_id, heading, sentence, names, Shape.BARS, lines, bar_chart(rows, f"{heading}. {sentence}"))

    def _bar_text(self, line: Line) -> str:
        text = self.values.text(line.value, line.unit, is_hidden=line.is_hidden)
        return text if line.share is None else f"{text} · {self.values.percent(line.share)}"

    def parts_sentence(self, text: Text, lines: Sequence[Line]) -> str:
        """Return what the largest part is, and which changed most."""
        named = [line for line in lines if line.code != UNSPECIFIED]
        shown = [line for line in named if line.value]
        hidden = [self.write(Text.SOME_HIDDEN)] if any(line.is_hidden for line in lines) else []
        if not shown:
            return " ".join(hidden or [self.write(Text.NOTHING)])
        first = max(shown, key=lambda line: line.value or 0)
        values: dict[str, Value] = {"value": Amount.number(first.value or 0), "share": Amount.percent(first.share or 0)}
        found = [self.write(text, label=first.label, inside=region_inside(first.code if first.code in regions() else None), **values)]
        changed = [(line, line.change) for line in named if line.change]
        if changed:
            line, change = max(changed, key=lambda pair: abs(pair[1] or 0))
            code = Text.LARGEST_RISE if (change or 0) > 0 else Text.LARGEST_FALL
            found.append(self.write(code, label=line.label, change=Amount.number(abs(change or 0))))
        return " ".join([*found, *hidden])

    # -- regions

    def _regions(self) -> Chart | None:
        found = self.reading.splits.get("regions") or self.reading.splits.get("received_regions")
        if found is None:
            return None
        is_complaints = found.now.id == "complaints"
        heading = self.translate(N_("Complaints by region") if is_complaints else N_("Appeals by region"))
        appeals = self._appeals_link(found.now.id, "region")
        lines = lines_of(found, self.language, lambda code: self.choice.href(region=code), appeals)
        sentence = self.parts_sentence(Text.TOP_REGION if is_complaints else Text.TOP_RECEIVED_REGION, lines)
        ranks = {line.code: rank for rank, line in enumerate(_ranked(lines), start=1)}
        tiles = {line.code: TileValue(line.value, ranks.get(line.code), f"{line.label}: {self._bar_text(line)}") for line in lines}
        drawing = tile_map(tiles, f"{heading}. {sentence}", self.language)
        return Chart("regions", heading, sentence, self.translate(N_("Region")), Shape.MAP, lines, drawing)

    # -- organisations against what is expected of them

    def _funnel(self) -> Chart | None:
        """Return the funnel plot of the organisations that have enough complaints; those that stand out come first."""
        items, language = sorted(self.reading.compared, key=by_attention), self.language
        if not items:
            return None
        heading = self.translate(N_("Complaints and what is expected"))
        sentence = index_sentence(items, self.reading.request.period, language)
        link, appeals = self._link("providers", "provider_id"), self._appeals_link("complaints", "provider_id")
        names = {kind: self.translate(name) for kind, name in FUNNEL_NAMES.items()}
        lines = []
        for number, item in enumerate(items):
            code, kind, is_listed = str(item.provider_id), funnel_kind(item), number < LINES_OF_FUNNEL
            lines.append(
                Line(
                    code,
                    item.name_kk if language == "kk" else item.name_ru,
                    Unit.APPEALS,
                    item.complaints,
                    href=link(code) if link and is_listed else None,
                    appeals_href=appeals(code) if appeals and is_listed else None,
                    expectation=Expectation(item.expected, kind, names[kind]),
                )
            )
        drawing = index_funnel(items, f"{heading}. {sentence}", language)
        asked = {"period": self.choice.period, "region": self.choice.region} if self.choice.period else {}
        query = urlencode({name: value for name, value in asked.items() if value})
        more = f"{_INDEX_PATH}?{query}".removesuffix("?"), self.translate(N_("Index of organisations"))
        return Chart(FUNNEL, heading, sentence, self.translate(N_("Medical organisation")), Shape.FUNNEL, lines, drawing, more)

    # -- figures without parts

    def _numbers(self) -> Iterator[Chart]:
        for chart_id, (section, heading) in NUMBER_CHARTS.items():
            lines = [self.line(figure) for figure in self.figures_of(section)]
            if lines:
                sentence = self._numbers_sentence(chart_id)
                names = self.translate(N_("Figure"))
                yield Chart(chart_id, self.translate(heading), sentence, names, Shape.NUMBERS, lines)

    def figures_of(self, section: DashboardSection) -> list[Figure]:
        """Return the figures of a section, in the order of their file."""
        return [figure for figure in self.reading.singles.values() if kpi_definitions()[figure.id].dashboard is section]

    def _numbers_sentence(self, chart_id: str) -> str:
        parts = {"deadlines": self._deadline_sentences, "quality": self._quality_sentences, "centre": self._centre_sentences}[chart_id]()
        return " ".join(parts) or self.write(Text.NOTHING)

    def in_time_sentence(self) -> str:
        """Return the share of appeals answered in time."""
        figure = self.reading.singles["answered_in_time"]
        return self.write(Text.NOTHING) if figure.value is None else self.write(Text.IN_TIME, share=Amount.percent(figure.value))

    def _deadline_sentences(self) -> Iterator[str]:
        if self._value("answered_in_time") is not None:
            yield self.in_time_sentence()
        for kpi_id, text in (("overdue", Text.OVERDUE), ("extended", Text.EXTENDED)):
            if count := self._value(kpi_id):
                yield self.write(text, count=Amount.number(count))

    def _quality_sentences(self) -> Iterator[str]:
        verified, refuted = self._value("verified") or 0, self._value("refuted") or 0
        if verified or refuted:
            values = {"checked": verified + refuted, "verified": verified, "refuted": refuted}
            yield self.write(Text.CHECKED, **{name: Amount.number(number) for name, number in values.items()})
        if count := self._value("unproven"):
            yield self.write(Text.UNPROVEN, count=Amount.number(count))

    def _centre_sentences(self) -> Iterator[str]:
        if (share := self._value("calls_service_level")) is not None:
            yield self.write(Text.CALLS, share=Amount.percent(share))
        if count := self._value("calls_abandoned"):
            yield self.write(Text.CALLS_LOST, count=Amount.number(count))

    def _value(self, kpi_id: str) -> float | None:
        figure = self.reading.singles.get(kpi_id)
        return None if figure is None else figure.value

    def _held(self) -> Chart | None:
        """Return the time that each party held appeals: the average times the number of appeals that it is taken from."""
        figures = [self.reading.singles[kpi_id] for kpi_id in HELD if kpi_id in self.reading.singles]
        seconds = {figure.id: Fraction(str(figure.value)) * figure.n for figure in figures if figure.value is not None and figure.n}
        total = sum(seconds.values())
        if not total:
            return None
        shares = {kpi_id: 100 * seconds.get(kpi_id, Fraction(0)) / total for kpi_id in HELD}
        sentence = self.write(Text.HELD, **{kind: Amount.percent(float(shares[kpi_id]), 0) for kpi_id, kind in HELD.items()})
        lines = [self.line(self.reading.singles[kpi_id]) for kpi_id in HELD]
        rows = [ShareRow(kind, float(shares[kpi_id]), f"{round(shares[kpi_id])}\u00a0%") for kpi_id, kind in HELD.items()]
        heading = self.translate(N_("Who has held the appeals"))
        return Chart(
            "held", heading, sentence, self.translate(N_("Held by")), Shape.SHARES, lines, share_bar(rows, f"{heading}. {sentence}")
        )


def _ranked(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with a shown count, largest first; the central office has no rank."""
    counted = [line for line in lines if line.value is not None and line.unit in COUNTS and line.code not in {CENTRAL_OFFICE, UNSPECIFIED}]
    return sorted(counted, key=lambda line: -(line.value or 0))
