"""The ways out behind one interface, and the one of a machine without any: a folder."""

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
class Message:
    """What goes out. `notice_id` stays the same when it is sent again."""

    notice_id: UUID
    appeal_id: UUID
    address: str
    """As the channel takes it; for a chat the appeal's id."""
    subject: str
    text: str
    at: datetime


class Refused(Exception):
    """This recipient or this message is refused for good, however often it is sent."""


class Later(Exception):
    """This recipient or this message cannot be served now; the others can. It is tried again with a backoff of its own."""


class Hung(Later):
    """The server was reached and fell silent over this message; over several in a row it is the server that hangs."""


class NoReply(Exception):
    """The server does not work now: nobody's message leaves on this channel until later."""


class NotYet(NoReply):
    """It is on its way, and whether it arrives is seen later: nothing is wrong with the way out."""


class Sender(Protocol):
    async def send(self, message: Message) -> str | None:
        """Hand a message over; returns the provider's own id of it, if there is one. Raises Refused, Later, NoReply or NotYet.

        It may be handed over twice under the same `notice_id`, when a worker was lost in between.
        """
        ...


def local_file(data: Path, notice_id: UUID, sent_at: datetime, kind: str) -> Path:
    """Where a machine without gateways keeps what it would have sent: a folder a day (UTC), each file sealed."""
    return data / OUTGOING / f"{sent_at:%Y-%m-%d}" / f"{notice_id}.{kind}.sealed"


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes messages to sealed files in place of sending; `opened_file` reads them."""

    data: Path
    kind: str
    sealer: Sealer
    rendered: Callable[[Message], bytes]

    async def send(self, message: Message) -> str | None:
        await asyncio.to_thread(self._write, message)
        return None

    def _write(self, message: Message) -> None:
        content = self.sealer.seal(OUTGOING, message.notice_id, self.kind, self.rendered(message))  # before there is a file
        path = local_file(self.data, message.notice_id, message.at, self.kind)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(content)
        part.replace(path)


def opened_file(sealer: Sealer, path: Path, notice_id: UUID, kind: str) -> bytes:
    """What a file of the folder says. Raises SealError."""
    return sealer.open(OUTGOING, notice_id, kind, path.read_bytes())
