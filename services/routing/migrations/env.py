from routing.models import RoutingModel
from shared.migrations import run_environment

run_environment(RoutingModel.metadata)
