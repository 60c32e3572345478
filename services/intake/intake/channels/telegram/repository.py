"""The queries of the Telegram bot."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.channels.telegram.codes import MessageState, Step, UpdateState
from intake.channels.telegram.models import BotChat, BotLease, BotMessage, BotUpdate
from intake.channels.telegram.schemas.rows import (
    BotMessageRow,
    BotUpdateRow,
    ChatAppeal,
    ChatRow,
    ClaimedChat,
    MessageChange,
    SendableMessage,
    StoredUpdate,
)
from intake.register.models import Appeal, Tracking
from shared.database import among
from shared.leases import Lease, RowLeases
from shared.rows import insert_new_rows, insert_rows, table_of, update_rows, upsert

_CHAT_LEASES: Final = RowLeases[bytes](table_of(BotChat), due="due_at")
_UNHANDLED: Final = (UpdateState.WAITING, UpdateState.CLAIMED)


async def add_updates(session: AsyncSession, rows: Sequence[BotUpdateRow]) -> set[int]:
    """Insert new updates and return their ids. Sorted by id, so that two processes with the same updates do not deadlock."""
    ordered = sorted(rows, key=lambda row: row["update_id"])
    return await insert_new_rows(session, BotUpdate, ordered, unique=("update_id",), returning="update_id")


async def schedule_chats(session: AsyncSession, rows: Sequence[ChatRow]) -> None:
    """Insert new chats, and set `due_at` of all."""
    statement = upsert(session, BotChat)
    moved = {"due_at": statement.excluded.due_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=moved), sorted(rows, key=lambda row: row["key"]))


async def claim_chats(session: AsyncSession, lease: Lease, now: datetime, limit: int) -> Sequence[ClaimedChat]:
    """Claim chats that are due, and return them."""
    keys = await _CHAT_LEASES.claim(session, lease, now, limit)
    if not keys:
        return []
    query = _columns_of(BotChat, ClaimedChat).where(among(session, BotChat.key, keys)).order_by(col(BotChat.due_at))
    return [ClaimedChat(*row) for row in await session.execute(query)]


async def claim_updates(session: AsyncSession, chats: Collection[bytes]) -> Sequence[StoredUpdate]:
    """Claim the updates of these chats in the order in which they were sent.

    If a worker was interrupted, only the updates that it had claimed are returned: the same work has the same result.
    """
    query = _columns_of(BotUpdate, StoredUpdate).order_by(col(BotUpdate.update_id))
    query = query.where(among(session, BotUpdate.chat, chats), col(BotUpdate.state).in_(_UNHANDLED))
    rows = [StoredUpdate(*row) for row in await session.execute(query)]
    interrupted = {row.chat for row in rows if row.state == UpdateState.CLAIMED}
    claimed = [row for row in rows if row.state == UpdateState.CLAIMED or row.chat not in interrupted]
    ids = [row.update_id for row in claimed]
    if ids:
        await session.execute(update(BotUpdate).where(among(session, BotUpdate.update_id, ids)).values(state=UpdateState.CLAIMED))
    return claimed


async def handled_updates(session: AsyncSession, chat: bytes) -> Sequence[StoredUpdate]:
    """Return the updates of the current conversation that were handled, in the order in which they were sent."""
    query = _columns_of(BotUpdate, StoredUpdate).order_by(col(BotUpdate.update_id))
    query = query.where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == UpdateState.HANDLED)
    return [StoredUpdate(*row) for row in await session.execute(query)]


def _columns_of(model: type[BotChat | BotUpdate], row: type[ClaimedChat | StoredUpdate]) -> Select[Any]:
    """Select the columns that a row has."""
    return select(*(col(getattr(model, name)) for name in row._fields))


async def held_chat(session: AsyncSession, claimed: ClaimedChat) -> BotChat | None:
    """Lock and return a claimed chat; None if another worker has claimed it since."""
    query = select(BotChat).where(col(BotChat.key) == claimed.key, _CHAT_LEASES.is_held(claimed.leased_by))
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def chat_of_appeal(session: AsyncSession, appeal_id: UUID) -> BotChat | None:
    """Lock and return the chat in which an appeal was filed."""
    query = select(BotChat).join(Appeal, col(Appeal.owner) == col(BotChat.owner)).where(col(Appeal.id) == appeal_id)
    return (await session.execute(query.with_for_update(of=BotChat))).scalar_one_or_none()


async def mark_updates(session: AsyncSession, handled: Collection[int], quarantined: Collection[int], now: datetime) -> None:
    """Mark updates as handled or quarantined."""
    for ids, state in ((handled, UpdateState.HANDLED), (quarantined, UpdateState.QUARANTINED)):
        if ids:
            marked = update(BotUpdate).where(among(session, BotUpdate.update_id, ids))
            await session.execute(marked.values(state=state, handled_at=now))


async def settle_updates(session: AsyncSession, chat: bytes, up_to: int | None = None) -> None:
    """Settle the handled updates of a chat up to an id (None: all): their bodies are erased."""
    settled = update(BotUpdate).where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == UpdateState.HANDLED)
    if up_to is not None:
        settled = settled.where(col(BotUpdate.update_id) <= up_to)
    await session.execute(settled.values(state=UpdateState.SETTLED, body=None))


async def count_handled(session: AsyncSession, chat: bytes) -> int:
    """Return the number of handled updates of the current conversation."""
    query = select(func.count()).select_from(BotUpdate)
    return (await session.execute(query.where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == UpdateState.HANDLED))).scalar_one()


async def count_failure(session: AsyncSession, update_id: int) -> None:
    """Count a failed attempt of an update."""
    await session.execute(update(BotUpdate).where(col(BotUpdate.update_id) == update_id).values(attempts=col(BotUpdate.attempts) + 1))


async def has_waiting_updates(session: AsyncSession, chat: bytes) -> bool:
    """Return whether updates of a chat are still to be handled."""
    query = select(col(BotUpdate.update_id)).where(col(BotUpdate.chat) == chat, col(BotUpdate.state).in_(_UNHANDLED)).limit(1)
    return (await session.execute(query)).first() is not None


async def add_messages(session: AsyncSession, rows: Sequence[BotMessageRow]) -> None:
    """Insert messages of the bot."""
    await insert_rows(session, BotMessage, rows)


async def sendable_messages(session: AsyncSession, now: datetime, limit: int) -> Sequence[SendableMessage]:
    """Return the first waiting message of each chat that may be sent now, the oldest first."""
    chat: ColumnElement[bytes] = col(BotMessage.chat).label("chat")
    first: ColumnElement[int] = func.min(col(BotMessage.position)).label("position")
    heads = select(chat, first).where(col(BotMessage.state) == MessageState.WAITING).group_by(col(BotMessage.chat)).subquery()
    is_allowed = or_(col(BotChat.send_after).is_(None), col(BotChat.send_after) <= now)
    message = (col(BotMessage.chat), col(BotMessage.position), col(BotMessage.payload), col(BotMessage.attempts))
    query = (
        select(*message, col(BotChat.chat_id))
        .join(heads, (heads.c.chat == col(BotMessage.chat)) & (heads.c.position == col(BotMessage.position)))
        .join(BotChat, col(BotChat.key) == col(BotMessage.chat))
        .where(col(BotMessage.state) == MessageState.WAITING, col(BotMessage.due_at) <= now, is_allowed)
        .order_by(col(BotMessage.created_at))
        .limit(limit)
    )
    return [SendableMessage(row[0], row[1], row[2] or b"", row[3], row[4]) for row in await session.execute(query)]


async def update_messages(session: AsyncSession, rows: Sequence[MessageChange]) -> None:
    """Store the results of attempts to send."""
    await update_rows(session, BotMessage, rows, key=("chat", "position"))


async def pause_chats(session: AsyncSession, until: Mapping[bytes, datetime]) -> None:
    """Send nothing to these chats before a time. Sorted, like every lock on several chats."""
    await update_rows(session, BotChat, [{"key": key, "send_after": until[key]} for key in sorted(until)], key=("key",))


async def block_chats(session: AsyncSession, keys: Collection[bytes], now: datetime) -> None:
    """Mark chats as blocked by the person, and give up their waiting messages."""
    for key in sorted(keys):
        await session.execute(update(BotChat).where(col(BotChat.key) == key).values(blocked_at=now))
        waiting = update(BotMessage).where(col(BotMessage.chat) == key, col(BotMessage.state) == MessageState.WAITING)
        await session.execute(waiting.values(state=MessageState.BLOCKED, payload=None, ended_at=now))


async def state_of_notice(session: AsyncSession, notice: UUID) -> MessageState | None:
    """Return the state of the message that ends a notification; None if there is none."""
    return (await session.execute(select(col(BotMessage.state)).where(col(BotMessage.notice) == notice))).scalars().first()


async def next_update(session: AsyncSession, name: str) -> int | None:
    """Return the first update that Telegram is asked for; None: any."""
    return (await session.execute(select(col(BotLease.next_update)).where(col(BotLease.name) == name))).scalar_one_or_none()


async def set_next_update(session: AsyncSession, name: str, next_update: int) -> None:
    """Store the first update that Telegram is asked for next."""
    await session.execute(update(BotLease).where(col(BotLease.name) == name).values(next_update=next_update))


async def appeals_of_owner(session: AsyncSession, owner: bytes, limit: int, appeal_id: UUID | None = None) -> Sequence[ChatAppeal]:
    """Return the latest appeals of an owner, or only the one with an id if it is the owner's."""
    appeal = (col(Appeal.id), col(Appeal.number), col(Appeal.region), col(Appeal.registered_at))
    query = select(*appeal, col(Tracking.status), col(Tracking.due_at)).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id))
    query = query.where(col(Appeal.owner) == owner)
    if appeal_id is not None:
        query = query.where(col(Appeal.id) == appeal_id)
    return [ChatAppeal(*row) for row in await session.execute(query.order_by(col(Appeal.id).desc()).limit(limit))]


async def status_of(session: AsyncSession, appeal_id: UUID) -> str | None:
    """Return the status of an appeal; None for an unknown one."""
    return (await session.execute(select(col(Tracking.status)).where(col(Tracking.appeal_id) == appeal_id))).scalar_one_or_none()


async def purge(session: AsyncSession, *, late_before: datetime, drafts_before: datetime, rows_before: datetime, now: datetime) -> None:
    """Erase the texts of idle conversations and abandoned drafts, and delete updates and messages after their retention."""
    is_free = _CHAT_LEASES.is_free(now)
    is_idle = and_(col(BotChat.touched_at) < late_before, is_free)
    handled = update(BotUpdate).where(col(BotUpdate.state) == UpdateState.HANDLED, col(BotUpdate.handled_at) < late_before)
    handled = handled.where(col(BotUpdate.chat).in_(select(col(BotChat.key)).where(is_idle)))
    await session.execute(handled.values(state=UpdateState.SETTLED, body=None))
    await session.execute(update(BotChat).where(is_idle, col(BotChat.start).is_not(None)).values(start=None))
    abandoned = update(BotChat).where(col(BotChat.touched_at) < drafts_before, is_free, col(BotChat.draft).is_not(None))
    await session.execute(abandoned.where(col(BotChat.step) != Step.MENU).values(step=Step.EXPIRED, draft=None))
    await session.execute(abandoned.where(col(BotChat.step) == Step.MENU).values(draft=None))
    await session.execute(delete(BotUpdate).where(col(BotUpdate.received_at) < rows_before))
    await session.execute(delete(BotMessage).where(col(BotMessage.ended_at) < rows_before))
