"""What the analytics service may be told."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own yet: what all services share is enough."""

    model_config = SettingsConfigDict(env_prefix="ARYZ_ANALYTICS_", populate_by_name=True, extra="ignore")
