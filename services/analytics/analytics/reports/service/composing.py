"""Composing a report: which sentences, tables and charts say what its figures show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analytics.kpis.service import UNSPECIFIED
from analytics.reconciliations.schemas import Reconciliation, Verdict
from analytics.reports.policy import COUNTRY, report_figures
from analytics.reports.schemas import PreviousIssue, ReportContent, StoredReport
from analytics.reports.service.document import ReportDocument, ReportSection
from analytics.reports.service.lines import ReportLine, has_named_lines, has_whole_register, lines_of, total_of
from analytics.reports.service.measuring import PartLabels
from analytics.reports.service.naming import line_label, region_label
from analytics.reports.service.outcomes import outcome_sentences, timeliness_sentences
from analytics.reports.service.periods import ReportPeriod
from analytics.reports.service.tables import Tables
from analytics.reports.service.wording import Wording, in_sentence
from analytics.sentences.service import region_source
from shared.domain.regions import CENTRAL_OFFICE, regions

NAMED: Final = 5
"""How many parts a sentence names: the published reports name the five most frequent reasons."""
MOST: Final = 50.0
"""In per cent: from here on consultations are most of the appeals."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is written from. `stored` is None before its first issue; then the figures are those of now."""

    content: ReportContent
    labels: PartLabels
    reconciliation: Reconciliation
    stored: StoredReport | None


def compose(source: ReportSource, wording: Wording) -> ReportDocument:
    """Return the report in the language of the wording."""
    return _Composer(source, wording).document()


class _Composer:
    def __init__(self, source: ReportSource, wording: Wording) -> None:
        self._source, self._content, self._wording = source, source.content, wording
        self._period = ReportPeriod.of_code(self._content.period)
        self._before = self._period.compared(self._content.compare)
        self._tables = Tables(self._content, source.labels, wording)
        self._region = None if self._content.region == COUNTRY else self._content.region
        self._zone = regions()[self._region or CENTRAL_OFFICE].timezone

    def document(self) -> ReportDocument:
        content, wording = self._content, self._wording
        issue = f"-{self._source.stored.issue}" if self._source.stored else ""
        return ReportDocument(
            language=wording.language,
            fund=wording.text("fund"),
            title=wording.text("title"),
            subtitle=f"{region_label(content.region, wording)} · {self._period.name(wording.language).alone}",
            notes=tuple(self._notes()),
            sections=tuple(self._sections()),
            page_word=wording.text("page"),
            file_name=f"report-{content.region}-{content.period}{issue}-{wording.language}",
        )

    def _notes(self) -> Iterator[str]:
        stored = self._source.stored
        if stored is not None and stored.issued_at is not None:
            yield self._wording.text("issued", issue=str(stored.issue), at=self._wording.at(stored.issued_at, self._zone))
        else:
            yield self._wording.text("not_issued")
        yield self._wording.text("as_of", at=self._wording.at(self._content.as_of, self._zone))
        yield self._wording.sentence("compared", with_before=self._with_before)

    @property
    def _with_before(self) -> str:
        return self._before.name(self._wording.language).compared

    def _total(self, code: str) -> int:
        return total_of(self._content.figures, code)

    def _sections(self) -> Iterator[ReportSection]:
        yield self._summary()
        if self._total("received"):
            yield self._kinds()
            if len(self._period.months) > 1:
                yield self._months()
            if self._total("complaints"):
                yield self._categories()
                yield self._outcomes()
            yield self._channels()
            if self._content.region == COUNTRY:
                yield self._regions()
            elif self._has_districts():
                yield self._districts()
            yield self._section("timeliness", timeliness_sentences(self._content, self._wording))
        previous = self._source.stored.previous if self._source.stored else None
        if previous is not None:
            yield self._since(previous)
        yield self._reconciliation()

    def _section(self, heading: str, sentences: Iterator[str] | Sequence[str], *figures: str, chart: str | None = None) -> ReportSection:
        paragraph = " ".join(sentences)
        return ReportSection(
            heading=self._wording.text(heading),
            paragraphs=(paragraph,) if paragraph else (),
            chart=self._tables.chart(chart) if chart else None,
            tables=tuple(self._tables.table(code) for code in figures if has_named_lines(self._content, code)),
        )

    def _summary(self) -> ReportSection:
        paragraphs = [" ".join(self._received())]
        if self._total("received"):
            paragraphs.append(" ".join(self._complaints()))
        return ReportSection(self._wording.text("summary"), tuple(paragraphs), tables=(self._tables.main(),))

    def _received(self) -> Iterator[str]:
        wording, language = self._wording, self._wording.language
        names = {"in_period": self._period.name(language).as_time, "from_region": region_source(self._region).in_(language)}
        received = self._total("received")
        if not received:
            yield wording.sentence("nothing", **names)
            return
        yield wording.sentence("received", received=wording.count(received), **names)
        before = total_of(self._content.before, "received")
        if before and not has_whole_register(self._content):
            in_before = self._before.name(language).as_time
            yield wording.text("received_incomparable", with_before=self._with_before, in_before=in_before)
        else:
            yield self._change("received", received, before)

    def _complaints(self) -> Iterator[str]:
        wording, received, complaints = self._wording, self._total("received"), self._total("complaints")
        if complaints:
            share = wording.share(complaints, received)
            yield wording.text("complaints", received=wording.count(received), complaints=wording.count(complaints), share=share)
        else:
            yield wording.text("no_complaints")
        before = total_of(self._content.before, "complaints")
        if complaints or before:
            yield self._change("complaints", complaints, before)

    def _change(self, name: str, value: int, before: int) -> str:
        """Return how a number has changed, in words."""
        wording, with_before = self._wording, self._with_before
        if not before:
            return wording.text(f"{name}_none_before", in_before=self._before.name(wording.language).as_time)
        if value == before:
            return wording.sentence(f"{name}_same", with_before=with_before)
        change = abs(value - before)
        return wording.sentence(
            f"{name}_{'more' if value > before else 'fewer'}",
            with_before=with_before,
            change=wording.count(change),
            percent=wording.share(change, before),
            before=wording.count(before),
        )

    def _kinds(self) -> ReportSection:
        return self._section("kinds", self._kind_sentences(), "kinds", "topics", chart="kinds")

    def _kind_sentences(self) -> Iterator[str]:
        wording = self._wording
        received, consultations = self._total("received"), self._total("kinds.CONSULTATION")
        share = 100 * consultations / received
        if share > MOST:
            value = wording.count(consultations)
            yield wording.text("consultations_most", value=value, share=wording.share(consultations, received))
        else:
            yield self._list("kinds", "kinds_list", received)
        if consultations:
            yield self._list("topics", "topics_list", consultations)
            yield from self._unspecified("topics", "topics_unspecified", consultations)
        if self_served := self._total("self_served"):
            yield wording.text("self_served", value=wording.count(self_served))

    def _named(self, figure: str) -> list[ReportLine]:
        """Return the largest lines that have a name."""
        lines = [line for line in lines_of(self._content, figure) if line.value and line.code in self._source.labels[figure]]
        return [line for line in lines if line.code != UNSPECIFIED][:NAMED]

    def _list(self, figure: str, text: str, total: int) -> str:
        """Return a sentence that lists the largest parts with numbers and shares; empty without a part that has a name."""
        named = self._named(figure)
        label = {line.code: line_label(report_figures()[figure], line.code, self._source.labels, self._wording) for line in named}
        as_written = str if figure == "complaint_regions" else in_sentence
        items = [
            f"{as_written(label[line.code])} ({self._wording.count(line.value)}; {self._wording.share(line.value, total)})"
            for line in named
        ]
        return self._wording.text(text, list=self._wording.listed(items)) if items else ""

    def _unspecified(self, figure: str, text: str, total: int) -> Iterator[str]:
        number = self._content.figures[figure].part(UNSPECIFIED)
        if number:
            share = self._wording.share(number, total)
            yield self._wording.text(text, total=self._wording.count(total), value=self._wording.count(number), share=share)

    def _months(self) -> ReportSection:
        lines = lines_of(self._content, "months")
        most, least = max(lines, key=lambda line: line.value), min(lines, key=lambda line: line.value)
        names = {
            name: line_label(report_figures()["months"], line.code, self._source.labels, self._wording)
            for name, line in (("most", most), ("least", least))
        }
        values = {"most_value": self._wording.count(most.value), "least_value": self._wording.count(least.value)}
        sentences = [self._wording.sentence("months_most", **names, **values)] if most.value > least.value else []
        tables = ("months", "complaint_months") if self._total("complaints") else ("months",)
        return self._section("months", sentences, *tables, chart="months")

    def _categories(self) -> ReportSection:
        return self._section("categories", self._category_sentences(), "categories", chart="categories")

    def _category_sentences(self) -> Iterator[str]:
        complaints = self._total("complaints")
        yield self._list("categories", "categories_list", complaints)
        yield from self._unspecified("categories", "categories_unspecified", complaints)
        yield from self._moved_category(is_rise=True)
        yield from self._moved_category(is_rise=False)

    def _moved_category(self, *, is_rise: bool) -> Iterator[str]:
        """Say which reason rose or fell most, unless complaints without a reason could explain the whole change."""
        lines = [
            line
            for line in lines_of(self._content, "categories")
            if line.code in self._source.labels["categories"] and line.code != UNSPECIFIED and line.value and line.before
        ]
        moved = [line for line in lines if (line.change > 0) == is_rise and self._tables.is_supported("categories", line)]
        if moved:
            line = max(moved, key=lambda each: abs(each.change))
            yield self._wording.text(
                "category_more" if is_rise else "category_fewer",
                label=line_label(report_figures()["categories"], line.code, self._source.labels, self._wording),
                before=self._wording.count(line.before),
                value=self._wording.count(line.value),
            )

    def _outcomes(self) -> ReportSection:
        return self._section("outcomes", outcome_sentences(self._content, self._wording), "outcomes", chart="outcomes")

    def _channels(self) -> ReportSection:
        return self._section("channels", self._channel_sentences(), "channels", chart="channels")

    def _channel_sentences(self) -> Iterator[str]:
        wording = self._wording
        yield self._list("channels", "channels_list", self._total("received"))
        offered, answered = self._total("calls_offered"), self._total("calls_answered")
        if offered:
            yield wording.text("calls", offered=wording.count(offered), answered=wording.count(answered))
            in_time = self._content.figures["calls_service_level"].value
            if in_time is not None:
                yield wording.text("calls_in_time", value=wording.percent(in_time))

    def _regions(self) -> ReportSection:
        complaints = self._total("complaints")
        sentences = [self._list("complaint_regions", "complaint_regions_list", complaints)] if complaints else []
        tables = ("regions", "complaint_regions") if complaints else ("regions",)
        return self._section("regions", sentences, *tables, chart=tables[-1])

    def _has_districts(self) -> bool:
        return has_named_lines(self._content, "districts")

    def _districts(self) -> ReportSection:
        return self._section("districts", self._district_sentences(), "districts", chart="districts")

    def _district_sentences(self) -> Iterator[str]:
        complaints = self._total("complaints")
        lines = [line for line in lines_of(self._content, "districts") if line.code in self._district_codes() and line.value][:NAMED]
        items = [f"{line.code} ({self._wording.count(line.value)}; {self._wording.share(line.value, complaints)})" for line in lines]
        yield self._wording.text("districts_list", list=self._wording.listed(items))
        yield from self._unspecified("districts", "districts_unspecified", complaints)

    def _district_codes(self) -> set[str]:
        return {part.code for part in self._content.figures["districts"].parts} - {UNSPECIFIED}

    def _since(self, previous: PreviousIssue) -> ReportSection:
        wording = self._wording
        heading, at = wording.text("since", issue=str(previous.issue)), wording.at(previous.issued_at, self._zone)
        if not previous.changes:
            return ReportSection(heading, (wording.text("since_nothing", at=at),))
        return ReportSection(heading, (wording.text("since_changes", at=at),), tables=(self._tables.changes(previous.changes),))

    def _reconciliation(self) -> ReportSection:
        checks = sum(each.verdict is Verdict.OK for each in self._source.reconciliation.checks)
        sentences = (
            self._wording.text("reconciled", checks=self._wording.count(checks)),
            self._wording.text("rounded"),
            self._wording.text("method"),
        )
        tables = (self._tables.sums(),) if self._total("received") else ()
        return ReportSection(self._wording.text("reconciliation"), (" ".join(sentences),), tables=tables)
