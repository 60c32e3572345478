"""Storing updates: each is sealed and stored once, and its chat is scheduled; a worker reads the texts later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.telegram import repository
from intake.channels.telegram.schemas.codes import Step, UpdateState
from intake.channels.telegram.schemas.rows import ChatRow, UpdateRow
from intake.channels.telegram.schemas.updates import UpdateIn
from intake.register.service.registration import sender_key
from shared.auth import Principal
from shared.sealing import Pepper
from shared.service import Parts

ISSUER: Final = "telegram"


def chat_key(pepper: Pepper, chat_id: int) -> bytes:
    """Return the lookup key of a chat: a keyed hash of Telegram's id."""
    return pepper.keyed_hmac("telegram-chat", str(chat_id).encode())


def chat_principal(key: bytes) -> Principal:
    """Return the principal under which appeals are filed and followed in a chat."""
    return Principal(subject=key.hex(), issuer=ISSUER, roles=frozenset({"applicant"}))


async def store_updates(session: AsyncSession, parts: Parts, updates: Sequence[UpdateIn], settle: timedelta) -> None:
    """Store new updates. A chat is handled `settle` after its latest update, because parallel connections deliver them out of order."""
    now = parts.clock.now()
    rows: dict[int, UpdateRow] = {}
    chats: dict[int, ChatRow] = {}
    for update in updates:
        if update.chat_id is None:
            continue
        key = chat_key(parts.pepper, update.chat_id)
        body = update.model_dump_json(by_alias=True, exclude_unset=True).encode()
        rows[update.update_id] = {
            "update_id": update.update_id,
            "chat": key,
            "body": parts.sealer.seal("bot_update", update.update_id, "body", body),
            "state": UpdateState.WAITING,
            "attempts": 0,
            "received_at": now,
            "handled_at": None,
        }
        chats[update.update_id] = _chat(parts, key, update.chat_id, now, now + settle)
    new = await repository.add_updates(session, list(rows.values()))
    due = {rows[update_id]["chat"]: chats[update_id] for update_id in new}
    if due:
        await repository.schedule_chats(session, list(due.values()))


def _chat(parts: Parts, key: bytes, chat_id: int, now: datetime, due_at: datetime) -> ChatRow:
    principal = chat_principal(key)
    return {
        "key": key,
        "owner": sender_key(parts.pepper, principal.identity),
        "chat_id": parts.sealer.seal("bot_chat", key.hex(), "chat_id", str(chat_id).encode()),
        "step": Step.MENU,
        "last_message": 0,
        "touched_at": now,
        "due_at": due_at,
    }
