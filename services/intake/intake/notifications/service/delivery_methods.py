"""Which ways out this installation has, by its settings."""

from collections.abc import Mapping

from intake.notifications.service.mail import Mail, composed
from intake.notifications.service.policy import policy
from intake.notifications.service.senders import Folder, Message, Sender
from intake.notifications.service.sms import Gateway
from intake.settings import Settings
from shared.service import Parts
from shared.settings import MissingSetting


def senders(parts: Parts, settings: Settings) -> Mapping[str, Sender]:
    """By channel; on one machine what has no gateway goes to a folder, in production it is no way. Raises MissingSetting."""
    found: dict[str, Sender] = {}
    if settings.env == "local":
        found["EMAIL"] = Folder(settings.data, "eml", parts.sealer, lambda message: composed(message, settings.mail_from).as_bytes())
        found["SMS"] = Folder(settings.data, "txt", parts.sealer, _as_text)
    if settings.mail_host:
        password = settings.mail_password.get_secret_value() if settings.mail_password else None
        user = settings.mail_user
        found["EMAIL"] = Mail(settings.mail_host, settings.mail_port, settings.mail_tls, user, password, settings.mail_from)
    if settings.sms_url:
        if settings.sms_secret is None:
            raise MissingSetting("ARYZ_INTAKE_SMS_SECRET is needed beside ARYZ_INTAKE_SMS_URL")
        found["SMS"] = Gateway(settings.sms_url, settings.sms_secret.get_secret_value(), parts.clock)
    return found


def usable(settings: Settings) -> frozenset[str]:
    """The channels that this installation has, those that persons serve among them."""
    local = settings.env == "local"
    there = {"EMAIL": local or settings.mail_host, "SMS": local or settings.sms_url, "TELEGRAM": settings.telegram_token}
    return policy().by_hand | {channel for channel, is_there in there.items() if is_there}


def _as_text(message: Message) -> bytes:
    return f"{message.address}\n\n{message.text}\n".encode()
