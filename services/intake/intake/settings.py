"""Settings of intake: `ARYZ_INTAKE_…`, beside those that all services share."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ARYZ_INTAKE_", populate_by_name=True, extra="ignore")

    anonymous_per_minute: int = Field(60, ge=0, description="appeals without a token from one address in a minute; 0: no limit")
    wrong_pins_free: int = Field(3, ge=1, description="wrong attempts at one number from one address before a delay begins")
    wrong_pins_longest_delay: int = Field(900, ge=1, description="seconds that the delay, doubled with every wrong attempt, grows to")
    wrong_pins_per_address: int = Field(30, ge=1, description="wrong attempts from one address before it has to rest")
    wrong_pins_rest: int = Field(900, ge=1, description="seconds that such an address rests; as long a silence forgets its attempts")
