"""Sending of mail by SMTP. Mails are marked as automatic, so that no machine answers them, and keep their id when sent again."""

from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

import aiosmtplib

from shared.domain.emails import InvalidEmail, normalise_email
from shared.outgoing.senders import MessageDeferred, MessageRefused, MessageTimedOut, OutgoingMessage, ServerUnavailable

TIMEOUT_SECONDS: Final = 10.0
_PERMANENT: Final = range(500, 600)
_CLOSING: Final = 421  # RFC 5321 §3.8: the server closes the connection, whatever the command
_TOO_LARGE: Final = 552


@dataclass(frozen=True, slots=True)
class MailSender:
    """Sends messages through one mail server."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    user: str | None
    password: str | None
    sender: str

    async def send(self, message: OutgoingMessage) -> str | None:
        """Send a mail and return when the server has accepted it. The server's answer is not stored: it may repeat the address.

        The phase tells what failed (RFC 5321 §4.2): before the first RCPT the server (ServerUnavailable), at RCPT the recipient, after
        DATA the message (MessageRefused for a permanent code, else MessageDeferred). A time-out or a lost connection after the greeting
        concerns this message alone (MessageTimedOut): a server that fails at one mail must not delay the others.
        """
        mail = compose_mail(message, self.sender)
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            timeout=TIMEOUT_SECONDS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError):
            raise ServerUnavailable from None
        try:
            await self._deliver(client, mail, message.address)
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()
        return None

    async def _deliver(self, client: aiosmtplib.SMTP, mail: EmailMessage, address: str) -> None:
        try:
            await client.send_message(mail, sender=self.sender, recipients=[normalise_email(address)])
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            raise _error_of(refusal.recipients[0].code) from None
        except aiosmtplib.SMTPSenderRefused as refusal:
            raise (MessageRefused if refusal.code == _TOO_LARGE else ServerUnavailable) from None
        except aiosmtplib.SMTPDataError as refusal:
            raise _error_of(refusal.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise MessageRefused from None
        except aiosmtplib.SMTPResponseException:  # the server's greeting is wrong
            raise ServerUnavailable from None
        except (aiosmtplib.SMTPException, OSError):
            raise MessageTimedOut from None


def _error_of(code: int) -> Exception:
    if code == _CLOSING:
        return ServerUnavailable()
    return MessageRefused() if code in _PERMANENT else MessageDeferred()


def compose_mail(message: OutgoingMessage, sender: str) -> EmailMessage:
    """Return the mail (RFC 5322; `Auto-Submitted` by RFC 3834). Raises MessageRefused for an invalid address."""
    try:
        name, _, domain = normalise_email(message.address).rpartition("@")
    except InvalidEmail:
        raise MessageRefused from None
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(username=name, domain=domain)
    mail["Subject"] = message.subject
    mail["Date"] = message.at
    mail["Message-ID"] = f"<{message.notification_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Precedence"] = "bulk"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    return mail
