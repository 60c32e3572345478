"""What the other slices may use of figures."""

from analytics.kpis.policy import (
    CountedKind,
    DashboardSection,
    Direction,
    People,
    Unit,
    check_policies,
    kpi_definitions,
    population_of,
    publication,
)
from analytics.kpis.service.access import View, page_view_of, sees_live_figures, view_of
from analytics.kpis.service.appeals import counted_appeals
from analytics.kpis.service.figures import FigureRequest, figure
from analytics.kpis.service.forms import ENTRY_PROBLEMS, FILTER_HEADINGS, FilterField, Options, filter_fields, region_options
from analytics.kpis.service.labels import part_labels
from analytics.kpis.service.measures import leakage_seconds
from analytics.kpis.service.percentages import change_percent, percent
from analytics.kpis.service.periods import Period, PeriodUnit, PublicPeriod, Quarter, period_of_code, presets
from analytics.kpis.service.public_figures import UNSPECIFIED, PublicFigures, is_over, periods_offered, require_public
from analytics.kpis.service.trends import trend

__all__ = [
    "ENTRY_PROBLEMS",
    "FILTER_HEADINGS",
    "UNSPECIFIED",
    "CountedKind",
    "DashboardSection",
    "Direction",
    "FigureRequest",
    "FilterField",
    "Options",
    "People",
    "Period",
    "PeriodUnit",
    "PublicFigures",
    "PublicPeriod",
    "Quarter",
    "Unit",
    "View",
    "change_percent",
    "check_policies",
    "counted_appeals",
    "figure",
    "filter_fields",
    "is_over",
    "kpi_definitions",
    "leakage_seconds",
    "page_view_of",
    "part_labels",
    "percent",
    "period_of_code",
    "periods_offered",
    "population_of",
    "presets",
    "publication",
    "region_options",
    "require_public",
    "sees_live_figures",
    "trend",
    "view_of",
]
