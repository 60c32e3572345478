"""What the other rooms and slices may use of reports."""

from analytics.reports.policy import READERS, check_policies
from analytics.reports.service.document import ReportDocument
from analytics.reports.service.issuing import claim, finish, latest_reports, order, record_progress
from analytics.reports.service.measuring import labels_of, measure
from analytics.reports.service.periods import ReportPeriod, periods_of_year
from analytics.reports.service.reading import ReadReport, period_of, read, require_region, written
from analytics.reports.service.statement import check, contradictions
from analytics.reports.service.wording import Wording

__all__ = [
    "READERS",
    "ReadReport",
    "ReportDocument",
    "ReportPeriod",
    "Wording",
    "check",
    "check_policies",
    "claim",
    "contradictions",
    "finish",
    "labels_of",
    "latest_reports",
    "measure",
    "order",
    "period_of",
    "periods_of_year",
    "read",
    "record_progress",
    "require_region",
    "written",
]
