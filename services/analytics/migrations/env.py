import analytics.facts.models  # noqa: F401 - the import completes the metadata
from analytics.base import AnalyticsModel
from shared.migrations import run_environment

run_environment(AnalyticsModel.metadata)
