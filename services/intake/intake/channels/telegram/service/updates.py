"""Storing updates: each is sealed and stored once, and its chat is scheduled; a worker reads the texts later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from intake.channels.telegram import repository
from intake.channels.telegram.codes import Step, UpdateState
from intake.channels.telegram.schemas.rows import BotUpdateRow, ChatRow
from intake.channels.telegram.schemas.updates import UpdateIn
from intake.register.service.registration import sender_key
from shared.auth import Principal
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

ISSUER: Final = "telegram"


def chat_key(pepper: Pepper, chat_id: int) -> bytes:
    """Return the lookup key of a chat: a keyed hash of Telegram's id."""
    return pepper.keyed_hmac("telegram-chat", str(chat_id).encode())


def chat_principal(key: bytes) -> Principal:
    """Return the principal under which appeals are filed and followed in a chat."""
    return Principal(subject=key.hex(), issuer=ISSUER, roles=frozenset({"applicant"}))


async def store_updates(work: UnitOfWork, updates: Sequence[UpdateIn], settle: timedelta) -> None:
    """Store new updates. A chat is handled `settle` after its latest update, because parallel connections deliver them out of order."""
    now = work.clock.now()
    rows: dict[int, BotUpdateRow] = {}
    chats: dict[int, ChatRow] = {}
    for update in updates:
        if update.chat_id is None:
            continue
        key = chat_key(work.pepper, update.chat_id)
        body = update.model_dump_json(by_alias=True, exclude_unset=True).encode()
        rows[update.update_id] = {
            "update_id": update.update_id,
            "chat": key,
            "body": work.sealer.seal("bot_update", update.update_id, "body", body),
            "state": UpdateState.WAITING,
            "attempts": 0,
            "received_at": now,
            "handled_at": None,
        }
        chats[update.update_id] = _chat(work, key, update.chat_id, now, now + settle)
    new = await repository.add_updates(work.session, list(rows.values()))
    due = {rows[update_id]["chat"]: chats[update_id] for update_id in new}
    if due:
        await repository.schedule_chats(work.session, list(due.values()))


def _chat(work: UnitOfWork, key: bytes, chat_id: int, now: datetime, due_at: datetime) -> ChatRow:
    principal = chat_principal(key)
    return {
        "key": key,
        "owner": sender_key(work.pepper, principal.identity),
        "chat_id": work.sealer.seal("bot_chat", key.hex(), "chat_id", str(chat_id).encode()),
        "step": Step.MENU,
        "last_message": 0,
        "touched_at": now,
        "due_at": due_at,
    }
