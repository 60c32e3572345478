from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What routing may be told besides what all services share."""

    model_config = SettingsConfigDict(env_prefix="ARYZ_ROUTING_", populate_by_name=True, extra="ignore")

    clock_seconds: float = Field(5.0, gt=0, description="rest between two looks at the clocks that are due")
