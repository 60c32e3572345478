"""The mail sender of this installation, by its settings."""

from provider_contact.settings import Settings
from shared.outgoing.mail import MailSender, compose_mail
from shared.outgoing.senders import FolderSender, NotificationSender
from shared.sealing import Sealer


def mail_sender(settings: Settings, sealer: Sealer) -> NotificationSender | None:
    """Return the mail sender; None if there is none. Without a mail server, one machine writes to a folder."""
    if settings.mail_host:
        password = settings.mail_password.get_secret_value() if settings.mail_password else None
        return MailSender(settings.mail_host, settings.mail_port, settings.mail_tls, settings.mail_user, password, settings.mail_from)
    if settings.env == "local":
        return FolderSender(settings.data, "eml", sealer, lambda message: compose_mail(message, settings.mail_from).as_bytes())
    return None


def can_mail(settings: Settings) -> bool:
    """Return whether this installation sends mail."""
    return settings.mail_host is not None or settings.env == "local"
