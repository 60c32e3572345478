"""Settings of provider-contact (`ARYZ_PROVIDER_CONTACT_…`), in addition to those that all services share."""

from typing import Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.files.settings import FileSettings
from shared.outgoing.settings import OutgoingSettings
from shared.settings import PublicUrl

THIS_MACHINE: Final = "http://127.0.0.1:8000"


class Settings(OutgoingSettings, FileSettings):
    model_config = SettingsConfigDict(env_prefix="ARYZ_PROVIDER_CONTACT_", populate_by_name=True, extra="ignore")

    public_url: PublicUrl = Field(
        None,
        validate_default=True,
        description="where providers reach the pages, for the links in mails; absent on one machine: this machine",
    )
    step_seconds: float = Field(
        15, gt=0, description="how often due steps are looked for; a deadline ends at midnight, and nobody needs it to the second"
    )
