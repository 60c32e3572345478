"""How updates come in: each is stored sealed, once, and its chat's turn is set; the words are read later, by a worker."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.telegram import repository
from intake.register.service.registration import sender_key
from shared.auth import Principal
from shared.sealing import Pepper
from shared.service import Parts

ISSUER: Final = "telegram"


class _Part(BaseModel):
    """Telegram's objects grow with every version of its API: what is not named here is kept as it came."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class Speaker(_Part):
    id: int


class Spoken(_Part):
    chat: Speaker


class PressedIn(_Part):
    sender: Annotated[Speaker, Field(alias="from")]
    message: Spoken | None = None


class UpdateIn(_Part):
    """An update of the Telegram Bot API, of which only the chat matters before it is handled."""

    update_id: Annotated[int, Field(ge=0, lt=2**63)]
    message: Spoken | None = None
    edited_message: Spoken | None = None
    my_chat_member: Spoken | None = None
    callback_query: PressedIn | None = None

    @property
    def chat_id(self) -> int | None:
        """None for what the bot has no use for."""
        if self.callback_query is not None:
            asked = self.callback_query
            return asked.message.chat.id if asked.message is not None else asked.sender.id
        spoken = self.message or self.edited_message or self.my_chat_member
        return spoken.chat.id if spoken is not None else None


def chat_key(pepper: Pepper, chat_id: int) -> bytes:
    return pepper.keyed_hmac("telegram-chat", str(chat_id).encode())


def speaker(key: bytes) -> Principal:
    """Who files and follows in a chat, as the other channels know their senders."""
    return Principal(subject=key.hex(), issuer=ISSUER, roles=frozenset({"applicant"}))


async def store(session: AsyncSession, parts: Parts, updates: Sequence[UpdateIn], settle: timedelta) -> None:
    """Keep what is new. A chat is handled `settle` after its last update: connections side by side bring them out of order."""
    now = parts.clock.now()
    rows, chats = {}, {}
    for one in updates:
        if one.chat_id is None:
            continue
        key = chat_key(parts.pepper, one.chat_id)
        body = one.model_dump_json(by_alias=True, exclude_unset=True).encode()
        sealed = parts.sealer.seal("bot_update", one.update_id, "body", body)
        came = {"state": repository.WAITING, "attempts": 0, "received_at": now, "handled_at": None}
        rows[one.update_id] = {"update_id": one.update_id, "chat": key, "body": sealed, **came}
        chats[one.update_id] = _chat(parts, key, one.chat_id) | {"touched_at": now, "due_at": now + settle}
    new = await repository.add_updates(session, list(rows.values()))
    due = {rows[update_id]["chat"]: chats[update_id] for update_id in new}
    if due:
        await repository.chats_are_due(session, list(due.values()))


def _chat(parts: Parts, key: bytes, chat_id: int) -> dict[str, Any]:
    who = speaker(key)
    return {
        "key": key,
        "owner": sender_key(parts.pepper, f"{who.issuer}\n{who.subject}"),
        "chat_id": parts.sealer.seal("bot_chat", key.hex(), "chat_id", str(chat_id).encode()),
        "step": "MENU",
        "last_message": 0,
    }
