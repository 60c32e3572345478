from analytics.models import AnalyticsModel
from shared.migrations import run_environment

run_environment(AnalyticsModel.metadata)
