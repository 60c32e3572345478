"""A report as a file: PDF by Typst, DOCX with pictures of the charts. Call both in a thread."""

from dataclasses import asdict
from importlib.resources import files
from typing import Final

from analytics.reports.service.document import ReportDocument
from shared import typesetting

_TEMPLATES: Final = files("analytics.reports") / "templates"


def as_pdf(document: ReportDocument) -> bytes:
    """Return the report as PDF."""
    return typesetting.typeset((_TEMPLATES / "report.typ").read_bytes(), "report", asdict(document))


def as_docx(document: ReportDocument) -> bytes:
    """Return the report as a text document that can be edited."""
    from analytics.reports.service.word import WordFile  # noqa: PLC0415 - loads lxml, which only these files need

    template = (_TEMPLATES / "report_chart.typ").read_bytes()
    pictures = {
        section.heading: typesetting.draw(template, "report_chart", asdict(section.chart) | {"language": document.language})
        for section in document.sections
        if section.chart is not None and len(section.chart.bars) > 1
    }
    return WordFile(document, pictures).content()
