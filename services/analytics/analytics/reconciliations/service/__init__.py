"""What the other slices may use of reconciliations."""

from analytics.reconciliations.policy import check_policies
from analytics.reconciliations.service.access import FILE_LIMIT, READERS, XLSX
from analytics.reconciliations.service.explanations import Amount, shown
from analytics.reconciliations.service.reconciling import example_sheet, reconcile
from analytics.reconciliations.service.values import Quantity

__all__ = ["FILE_LIMIT", "READERS", "XLSX", "Amount", "Quantity", "check_policies", "example_sheet", "reconcile", "shown"]
