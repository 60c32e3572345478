"""Settings of a service that sends mail and webhooks. Each service has its own prefix."""

from base64 import b64decode
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from shared.settings import ServiceSettings

SECRET_BYTES: Final = range(24, 65)


def _webhook_secret(given: SecretStr) -> SecretStr:
    """Check the form of a secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes."""
    prefix, _, encoded = given.get_secret_value().partition("_")
    try:
        size = len(b64decode(encoded, validate=True))
    except ValueError:
        size = 0
    if prefix != "whsec" or size not in SECRET_BYTES:
        raise PydanticCustomError("webhook-secret", "This is not whsec_ and base64 of 24 to 64 bytes.")
    return given


WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]


class OutgoingSettings(ServiceSettings):
    """Settings of the mail server and of webhooks, next to those that all services share."""

    mail_host: str | None = Field(None, description="SMTP server; absent on one machine: mail goes to DATA/outgoing")
    mail_port: int = Field(587, ge=1, le=65535)
    mail_tls: Literal["none", "starttls", "tls"] = "starttls"
    mail_user: str | None = None
    mail_password: SecretStr | None = None
    mail_from: str = Field("noreply@aryz.example", pattern=r"^[^@\s]+@[^@\s]+$")
    webhooks_to_loopback: bool = Field(default=False, description="also to http://127.0.0.1, for trials; never with ARYZ_ENV=production")
