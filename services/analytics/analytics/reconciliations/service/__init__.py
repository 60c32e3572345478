"""What the other slices may use of reconciliations."""

from analytics.reconciliations.policy import check_policies
from analytics.reconciliations.service.access import FILE_LIMIT, READERS, XLSX
from analytics.reconciliations.service.reconciling import example_sheet, reconcile

__all__ = ["FILE_LIMIT", "READERS", "XLSX", "check_policies", "example_sheet", "reconcile"]
