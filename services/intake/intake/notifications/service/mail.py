"""Mail by SMTP: marked as automatic, so that no machine answers it and loops die, and under an id that stays when it is sent again."""

from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

import aiosmtplib

from intake.notifications.service.senders import Hung, Later, Message, NoReply, Refused
from shared.domain.emails import InvalidEmail, normalise_email

TIMEOUT_SECONDS: Final = 10.0
_PERMANENT: Final = range(500, 600)
_CLOSING: Final = 421  # RFC 5321 §3.8: the server shuts the connection, whatever was asked of it
_TOO_LARGE: Final = 552


@dataclass(frozen=True, slots=True)
class Mail:
    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    user: str | None
    password: str | None
    sender: str

    async def send(self, message: Message) -> str | None:
        """Return when the server has accepted the mail. Its answer is not kept: it may repeat the address.

        Who failed follows from the phase (RFC 5321 §4.2): until the first RCPT it is the server (NoReply), at RCPT the recipient, after
        DATA the message (Refused if for good, else Later). A time-out or a lost connection after the greeting concerns this message alone:
        a server that falls over one mail must not keep the others.
        """
        mail = composed(message, self.sender)
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
            raise NoReply from None
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
            raise _verdict(refusal.recipients[0].code) from None
        except aiosmtplib.SMTPSenderRefused as refusal:
            raise (Refused if refusal.code == _TOO_LARGE else NoReply) from None
        except aiosmtplib.SMTPDataError as refusal:
            raise _verdict(refusal.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise Refused from None
        except aiosmtplib.SMTPResponseException:  # the server does not greet as it should
            raise NoReply from None
        except (aiosmtplib.SMTPException, OSError):
            raise Hung from None


def _verdict(code: int) -> Exception:
    if code == _CLOSING:
        return NoReply()
    return Refused() if code in _PERMANENT else Later()


def composed(message: Message, sender: str) -> EmailMessage:
    """Return the mail (RFC 5322; `Auto-Submitted` by RFC 3834). Raises Refused for an address that no mail can be written to."""
    try:
        name, _, domain = normalise_email(message.address).rpartition("@")
    except InvalidEmail:
        raise Refused from None
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(username=name, domain=domain)
    mail["Subject"] = message.subject
    mail["Date"] = message.at
    mail["Message-ID"] = f"<{message.notice_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Precedence"] = "bulk"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    return mail
