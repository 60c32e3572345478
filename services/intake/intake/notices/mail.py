"""Mail by SMTP: marked as automatic, so that no machine answers it and loops die, and under an id that stays when it is sent again."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Literal

import aiosmtplib

from intake.notices.senders import Message, NoReply, Refused

TIMEOUT_SECONDS: Final = 10.0
_PERMANENT: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class Mail:
    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    user: str | None
    password: str | None
    sender: str

    async def send(self, message: Message) -> str | None:
        """The server has taken responsibility for it when this returns. Its answer is not kept: it may repeat the address."""
        try:
            await aiosmtplib.send(
                composed(message, self.sender),
                sender=self.sender,
                recipients=[message.address],
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.tls == "tls",
                start_tls=self.tls == "starttls",
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            raise (Refused if all(one.code in _PERMANENT for one in refusal.recipients) else NoReply) from None
        except aiosmtplib.SMTPDataError as refusal:
            raise (Refused if refusal.code in _PERMANENT else NoReply) from None
        except (aiosmtplib.SMTPException, OSError):
            raise NoReply from None
        return None


def composed(message: Message, sender: str) -> EmailMessage:
    """RFC 5322; `Auto-Submitted` by RFC 3834."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = message.address
    mail["Subject"] = message.subject
    mail["Date"] = message.at
    mail["Message-ID"] = f"<{message.notice_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Precedence"] = "bulk"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    return mail
