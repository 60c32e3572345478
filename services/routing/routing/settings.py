from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import PublicUrl, ServiceSettings


class Settings(ServiceSettings):
    """The settings of routing in addition to those of every service."""

    model_config = SettingsConfigDict(env_prefix="ARYZ_ROUTING_", populate_by_name=True, extra="ignore")

    classifications_per_minute: int = Field(
        300, ge=0, description="texts that one principal may have classified in a minute, in each process; 0: no limit"
    )
    letter_checks_per_minute: int = Field(
        30, ge=0, description="letters whose code one address may check in a minute, in each process; 0: no limit"
    )
    public_url: PublicUrl = Field(
        None,
        validate_default=True,
        description="where citizens reach the pages, printed in letters of the desk; absent on one machine: where the desk was read",
    )
    clock_started_always: bool = Field(
        False, description="publish the first statutory clock of a case as `clock-started`, while consumers of an earlier version run"
    )
    sending_seconds: float = Field(1.0, gt=0, description="seconds between two runs of the job that sends answers whose wait has ended")
    clock_seconds: float = Field(5.0, gt=0, description="seconds between two runs of the clock job")
    assignment_seconds: float = Field(5.0, gt=0, description="seconds between two runs of the job that assigns cases by rule")
