"""The interface of senders and their errors, and the sender of a machine without gateways: a folder."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from shared.sealing import Sealer

OUTGOING: Final = "outgoing"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message for one recipient. `notification_id` stays the same when it is sent again."""

    notification_id: UUID
    appeal_id: UUID
    address: str
    """A phone number, a mail address, or for Telegram the appeal's id."""
    subject: str
    text: str
    at: datetime
    offer_id: UUID | None = None
    """What a provider offers, if the message asks the applicant about it: a chat shows buttons to answer by."""


class MessageRefused(Exception):
    """This recipient or this message is refused permanently; a retry does not help."""


class MessageDeferred(Exception):
    """This recipient or this message cannot be served now, others can. It is retried with its own backoff."""


class MessageTimedOut(MessageDeferred):
    """The server accepted the connection and did not answer for this message; several in a row mean that the server hangs."""


class ServerUnavailable(Exception):
    """The server does not work now: no message can be sent by this method until later."""


class DeliveryPending(ServerUnavailable):
    """The message was passed on and its delivery is not known yet; the server works."""


class NotificationSender(Protocol):
    """Sends messages by one delivery method."""

    async def send(self, message: OutgoingMessage) -> str | None:
        """Send a message and return the provider's id of it, if there is one.

        A message may be sent twice under the same `notification_id`, when a worker was lost in between.

        Raises MessageRefused, MessageDeferred, ServerUnavailable or DeliveryPending.
        """
        ...


def local_file(data: Path, notification_id: UUID, sent_at: datetime, kind: str) -> Path:
    """Return the sealed file of a message on a machine without gateways: a folder for each day (UTC)."""
    return data / OUTGOING / f"{sent_at:%Y-%m-%d}" / f"{notification_id}.{kind}.sealed"


@dataclass(frozen=True, slots=True)
class FolderSender:
    """Writes messages to sealed files instead of sending them; `open_local_file` reads them."""

    data: Path
    kind: str
    sealer: Sealer
    render: Callable[[OutgoingMessage], bytes]

    async def send(self, message: OutgoingMessage) -> str | None:
        await asyncio.to_thread(self._write, message)
        return None

    def _write(self, message: OutgoingMessage) -> None:
        content = self.sealer.seal(OUTGOING, message.notification_id, self.kind, self.render(message))  # before there is a file
        path = local_file(self.data, message.notification_id, message.at, self.kind)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(content)
        part.replace(path)


def open_local_file(sealer: Sealer, path: Path, notification_id: UUID, kind: str) -> bytes:
    """Return the content of a file that FolderSender wrote. Raises SealError."""
    return sealer.open(OUTGOING, notification_id, kind, path.read_bytes())
