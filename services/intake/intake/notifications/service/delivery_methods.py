"""The delivery methods of this installation, by its settings."""

from collections.abc import Mapping

from intake.notifications.codes import DeliveryMethod
from intake.notifications.policy import policy
from intake.notifications.service.sms import SmsSender
from intake.settings import Settings
from shared.clock import Clock
from shared.outgoing.mail import MailSender, compose_mail
from shared.outgoing.senders import FolderSender, NotificationSender, OutgoingMessage
from shared.sealing import Sealer
from shared.settings import MissingSetting


def senders(settings: Settings, sealer: Sealer, clock: Clock) -> Mapping[DeliveryMethod, NotificationSender]:
    """Return the senders by delivery method. Raises MissingSetting.

    Without a mail server or SMS gateway, one machine writes to a folder; in production the method is missing.
    """
    found: dict[DeliveryMethod, NotificationSender] = {}
    if settings.env == "local":
        found[DeliveryMethod.EMAIL] = FolderSender(
            settings.data, "eml", sealer, lambda message: compose_mail(message, settings.mail_from).as_bytes()
        )
        found[DeliveryMethod.SMS] = FolderSender(settings.data, "txt", sealer, _as_text)
    if settings.mail_host:
        password = settings.mail_password.get_secret_value() if settings.mail_password else None
        found[DeliveryMethod.EMAIL] = MailSender(
            settings.mail_host, settings.mail_port, settings.mail_tls, settings.mail_user, password, settings.mail_from
        )
    if settings.sms_url:
        if settings.sms_secret is None:
            raise MissingSetting("ARYZ_INTAKE_SMS_SECRET is needed if ARYZ_INTAKE_SMS_URL is set")
        found[DeliveryMethod.SMS] = SmsSender(settings.sms_url, settings.sms_secret.get_secret_value(), clock)
    return found


def usable_methods(settings: Settings) -> frozenset[DeliveryMethod]:
    """Return the delivery methods of this installation, the manual ones included."""
    is_local = settings.env == "local"
    configured = {
        DeliveryMethod.EMAIL: is_local or settings.mail_host,
        DeliveryMethod.SMS: is_local or settings.sms_url,
        DeliveryMethod.TELEGRAM: settings.telegram_token,
    }
    return policy().manual | {method for method, is_configured in configured.items() if is_configured}


def _as_text(message: OutgoingMessage) -> bytes:
    return f"{message.address}\n\n{message.text}\n".encode()
