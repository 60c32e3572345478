"""What the boundaries and the other slices may use of exports."""

from analytics.exports.policy import READERS
from analytics.exports.service.cells import check_columns
from analytics.exports.service.reading import Export, finished, written_pages
from analytics.exports.service.writers import neutralised

__all__ = ["READERS", "Export", "check_columns", "finished", "neutralised", "written_pages"]
