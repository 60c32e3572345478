import routing.cases.models
import routing.clocks.models
import routing.knowledge.models  # noqa: F401 - completes the metadata, as the imports above do
from routing.base import RoutingModel
from shared.migrations import run_environment

run_environment(RoutingModel.metadata)
