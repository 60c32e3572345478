from intake.base import IntakeModel
from shared.migrations import run_environment

run_environment(IntakeModel.metadata)
