"""A report as a person reads it: sections with sentences, tables and charts in one language. Page, DOCX and PDF are made from it."""

from dataclasses import dataclass

from analytics.reports.policy import ReportLanguage


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table; the first cell of each row names it, the others are numbers. `has_total`: the last row is the total."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_total: bool = False


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A bar; `length` is from 0 to 1."""

    label: str
    value: str
    length: float


@dataclass(frozen=True, slots=True)
class ReportChart:
    """A chart of bars. Its table has the same numbers; `about` says in a sentence what it shows."""

    title: str
    about: str
    bars: tuple[ChartBar, ...]


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section: sentences by paragraph, then a chart and tables."""

    heading: str
    paragraphs: tuple[str, ...]
    chart: ReportChart | None = None
    tables: tuple[ReportTable, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """The whole report. `notes` are the lines below the title."""

    language: ReportLanguage
    fund: str
    title: str
    subtitle: str
    notes: tuple[str, ...]
    sections: tuple[ReportSection, ...]
    page_word: str
    file_name: str
    """Without the ending, in ASCII."""
