import routing.cases.models
import routing.clocks.models  # noqa: F401 - completes the metadata, as the import above does
from routing.base import RoutingModel
from shared.migrations import run_environment

run_environment(RoutingModel.metadata)
