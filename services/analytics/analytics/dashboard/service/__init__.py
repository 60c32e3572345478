"""The use cases of the dashboard; no other slice builds on them."""

from analytics.dashboard.service.advice import Advice, advice_of
from analytics.dashboard.service.chart import Chart, Shape
from analytics.dashboard.service.choices import FILTERS, NO_COMPARISON, PATH, Choice, period_of, periods_to_choose
from analytics.dashboard.service.files import csv_of, svg_of
from analytics.dashboard.service.lines import Line
from analytics.dashboard.service.live import LiveFigures
from analytics.dashboard.service.points import whole_values
from analytics.dashboard.service.reading import SPLITS, TRENDS, Reading, read
from analytics.dashboard.service.reconciliation import Remark, remarks
from analytics.dashboard.service.sections import APPEALS_PATH, Sections, needs_of
from analytics.dashboard.service.values import Values

__all__ = [
    "APPEALS_PATH",
    "FILTERS",
    "NO_COMPARISON",
    "PATH",
    "SPLITS",
    "TRENDS",
    "Advice",
    "Chart",
    "Choice",
    "Line",
    "LiveFigures",
    "Reading",
    "Remark",
    "Sections",
    "Shape",
    "Values",
    "advice_of",
    "csv_of",
    "needs_of",
    "period_of",
    "periods_to_choose",
    "read",
    "remarks",
    "svg_of",
    "whole_values",
]
