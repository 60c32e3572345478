import analytics.facts.models
import analytics.reports.models  # noqa: F401 - the imports complete the metadata
from analytics.base import AnalyticsModel
from shared.migrations import run_environment

run_environment(AnalyticsModel.metadata)
