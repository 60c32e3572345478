"""Names in reports: of figures, of the lines of their tables, and of regions."""

from typing import Final

from analytics.facts.schemas import Group
from analytics.kpis.service import kpi_definitions
from analytics.reports.policy import COUNTRY, ReportFigure, report_figures
from analytics.reports.service.lines import OTHERS
from analytics.reports.service.measuring import PartLabels
from analytics.reports.service.periods import ReportPeriod
from analytics.reports.service.wording import Wording
from shared.domain.labels import Label
from shared.domain.regions import regions

CAPTIONS: Final = {
    "received": "row_received",
    "kinds.CONSULTATION": "row_consultations",
    "complaints": "row_complaints",
    "settled": "row_settled",
}
"""Texts of figures that are lines of the table of the main figures."""


def caption_of(code: str, wording: Wording) -> str:
    """Return the name of a figure: of one with parts the caption of its table."""
    if code in CAPTIONS:
        return wording.text(CAPTIONS[code])
    figure = report_figures()[code]
    return wording.text(f"{code}_table") if figure.shown else kpi_definitions()[figure.kpi].label.in_(wording.language)


def line_label(figure: ReportFigure, code: str, labels: PartLabels, wording: Wording) -> str:
    """Return the name of a part of a figure."""
    if code == OTHERS:
        return wording.text("others")
    if figure.part_group is Group.MONTH:
        return ReportPeriod.of_code(code).name(wording.language).short
    return labels[figure.code].get(code, Label(code, code, code)).in_(wording.language)


def region_label(region: str, wording: Wording) -> str:
    """Return the name of a region by itself."""
    return wording.text("country") if region == COUNTRY else regions()[region].label.in_(wording.language)
