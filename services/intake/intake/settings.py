"""Settings of intake (`ARYZ_INTAKE_…`), in addition to those that all services share."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.files.settings import FileSettings
from shared.outgoing.settings import OutgoingSettings, WebhookSecret
from shared.settings import PublicUrl

THIS_MACHINE: Final = "http://127.0.0.1:8000"


class Settings(OutgoingSettings, FileSettings):
    model_config = SettingsConfigDict(env_prefix="ARYZ_INTAKE_", populate_by_name=True, extra="ignore")

    anonymous_per_minute: int = Field(60, ge=0, description="appeals without a token from one address in a minute; 0: no limit")
    wrong_pins_free: int = Field(3, ge=1, description="wrong attempts at one number from one address before a delay begins")
    wrong_pins_longest_delay: int = Field(900, ge=1, description="seconds that the delay, doubled with every wrong attempt, grows to")
    wrong_pins_per_address: int = Field(30, ge=1, description="wrong attempts from one address before it has to wait")
    wrong_pins_rest: int = Field(900, ge=1, description="seconds in which such an address gets all its attempts back, evenly")
    wrong_pins_per_number: int = Field(30, ge=1, description="wrong attempts at one number in an hour, from all addresses new to it")
    wrong_pins_per_exchange: int = Field(300, ge=1, description="wrong attempts by keypad in an hour, through one telephone exchange")

    # forms and uploads
    previews_per_minute: int = Field(
        300, ge=0, description="steps of a form before it is sent, of one address or one signed-in person in a minute; 0: no limit"
    )
    self_service_per_minute: int = Field(
        20, ge=0, description="questions that articles answered, reported without a token from one address in a minute; 0: no limit"
    )
    uploads_per_minute: int = Field(60, ge=0, description="uploads begun from one address in a minute; 0: no limit")

    # notifications
    public_url: PublicUrl = Field(
        None,
        validate_default=True,
        description="where citizens reach the pages; absent on one machine: this machine, and on paper where the page was read",
    )
    sms_url: str | None = Field(None, description="the SMS gateway; absent on one machine: messages go to DATA/outgoing")
    quiet_hours: bool = Field(
        default=True, description="notifications wait for their region's day; false: they are sent at any hour, for trials"
    )
    sms_secret: WebhookSecret | None = Field(None, description="signs both ways with the gateway: whsec_ and base64 of 24 to 64 bytes")

    # app
    streams_each: int = Field(10, ge=1, description="streams of updates that one person may have open, in each process")

    # partners
    app_backends: tuple[str, ...] = Field(("app",), description="subjects (role channel) of the backends that read updates of channel APP")
    partner_per_minute: int = Field(600, ge=0, description="calls of one partner in a minute, in each process; 0: no limit")

    # phone
    insurance_file: Path | None = Field(None, description="a JSON file in place of the register of insured persons; absent: not connected")

    # telegram
    telegram_token: SecretStr | None = Field(None, description="the bot's token; absent: there is no bot")
    telegram_secret: SecretStr | None = Field(None, description="the secret that Telegram sends in a header of each webhook call")
    telegram_api_url: str | None = Field(None, description="a Bot API server of one's own; absent: Telegram's")
    telegram_mode: Literal["webhook", "polling"] = "webhook"
    telegram_webhook_url: str | None = Field(None, description="registered with Telegram at the start; absent: registered by other means")
    telegram_settle_ms: int = Field(300, ge=0, description="a chat is handled so long after its last update: they come out of order")
    telegram_per_second: int = Field(30, ge=1, description="messages to all chats together (Telegram's FAQ: about 30)")
