"""Settings of this service: only those that all services share."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ARYZ_ANALYTICS_", populate_by_name=True, extra="ignore")
