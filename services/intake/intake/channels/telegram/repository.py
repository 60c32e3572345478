"""Questions about: conversations of the Telegram bot."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.channels.telegram.models import BotChat, BotDuty, BotMessage, BotUpdate
from intake.register.models import Appeal, Tracking
from shared.bulk import insert_new_rows, insert_rows, update_rows
from shared.database import among
from shared.upserts import upsert

WAITING = "WAITING"
TAKEN = "TAKEN"
IN_HAND = "IN_HAND"
SETTLED = "SETTLED"
Rows = Sequence[dict[str, Any]]


async def add_updates(session: AsyncSession, rows: Rows) -> set[int]:
    """Which of these had not come before; in the order of ids, so that two who bring the same do not wait in a ring."""
    return await insert_new_rows(
        session, BotUpdate, sorted(rows, key=lambda row: row["update_id"]), unique=("update_id",), returning="update_id"
    )


async def chats_are_due(session: AsyncSession, rows: Rows) -> None:
    """Make the chats that are new, and move the turn of all to their `due_at`."""
    statement = upsert(session, BotChat)
    moved = {"due_at": statement.excluded.due_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=moved), sorted(rows, key=lambda row: row["key"]))


async def claim_chats(session: AsyncSession, worker: UUID, now: datetime, until: datetime, limit: int) -> Sequence[Row[Any]]:
    """Chats whose turn has come and that no other worker has; they are this worker's `until` then."""
    table = BotChat.__table__  # type: ignore[attr-defined]
    is_free = or_(col(BotChat.leased_until).is_(None), col(BotChat.leased_until) < now)
    query = select(table).where(col(BotChat.due_at) <= now, is_free).order_by(col(BotChat.due_at)).limit(limit)
    found = (await session.execute(query.with_for_update(skip_locked=True))).all()
    if found:
        mine = update(BotChat).where(among(session, BotChat.key, [row.key for row in found]))
        await session.execute(mine.values(leased_by=worker, leased_until=until))
    return found


async def take_updates(session: AsyncSession, chats: Collection[bytes]) -> Sequence[Row[Any]]:
    """What is to be handled in these chats, in the order in which it was sent.

    What was taken before and not brought to an end is taken alone: the same work has the same end.
    """
    query = _updates().where(among(session, BotUpdate.chat, chats), col(BotUpdate.state).in_((WAITING, TAKEN)))
    rows = (await session.execute(query)).all()
    interrupted = {row.chat for row in rows if row.state == TAKEN}
    taken = [row for row in rows if row.state == TAKEN or row.chat not in interrupted]
    await _put_updates(session, [row.update_id for row in taken], state=TAKEN)
    return taken


async def updates_in_hand(session: AsyncSession, chat: bytes) -> Sequence[Row[Any]]:
    mine = _updates().where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == IN_HAND)
    found: Sequence[Row[Any]] = (await session.execute(mine)).all()
    return found


def _updates() -> Select[Any]:
    columns: tuple[Any, ...] = (
        *(col(BotUpdate.update_id), col(BotUpdate.chat), col(BotUpdate.body), col(BotUpdate.state)),
        *(col(BotUpdate.attempts), col(BotUpdate.received_at)),
    )
    return select(*columns).order_by(col(BotUpdate.update_id))


async def _put_updates(session: AsyncSession, ids: Collection[int], **values: Any) -> None:
    if ids:
        await session.execute(update(BotUpdate).where(among(session, BotUpdate.update_id, ids)).values(**values))


async def chat_for_update(session: AsyncSession, key: bytes) -> BotChat | None:
    return (await session.execute(select(BotChat).where(col(BotChat.key) == key).with_for_update())).scalar_one_or_none()


async def chat_of_appeal(session: AsyncSession, appeal_id: UUID) -> BotChat | None:
    """The chat in which the appeal was filed, locked."""
    query = select(BotChat).join(Appeal, col(Appeal.owner) == col(BotChat.owner)).where(col(Appeal.id) == appeal_id)
    return (await session.execute(query.with_for_update(of=BotChat))).scalar_one_or_none()


async def updates_are_handled(session: AsyncSession, ids: Collection[int], aside: Collection[int], now: datetime) -> None:
    await _put_updates(session, ids, state=IN_HAND, handled_at=now)
    await _put_updates(session, aside, state="ASIDE", handled_at=now)


async def settle(session: AsyncSession, chat: bytes, up_to: int | None = None) -> None:
    """What was handled up to this update (None: all) is not read again."""
    mine = update(BotUpdate).where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == IN_HAND)
    if up_to is not None:
        mine = mine.where(col(BotUpdate.update_id) <= up_to)
    await session.execute(mine.values(state=SETTLED, body=None))


async def count_in_hand(session: AsyncSession, chat: bytes) -> int:
    query = select(func.count()).select_from(BotUpdate).where(col(BotUpdate.chat) == chat, col(BotUpdate.state) == IN_HAND)
    return (await session.execute(query)).scalar_one()


async def update_failed(session: AsyncSession, update_id: int) -> None:
    await session.execute(update(BotUpdate).where(col(BotUpdate.update_id) == update_id).values(attempts=col(BotUpdate.attempts) + 1))


async def has_waiting_updates(session: AsyncSession, chat: bytes) -> bool:
    query = select(col(BotUpdate.update_id)).where(col(BotUpdate.chat) == chat, col(BotUpdate.state).in_((WAITING, TAKEN))).limit(1)
    return (await session.execute(query)).first() is not None


async def add_messages(session: AsyncSession, rows: Rows) -> None:
    await insert_rows(session, BotMessage, rows)


async def sendable(session: AsyncSession, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """The first waiting message of each chat that may be written to now, oldest first, with the chat's sealed id."""
    heads_of: tuple[Any, ...] = (col(BotMessage.chat).label("chat"), func.min(col(BotMessage.place)).label("place"))
    heads = select(*heads_of).where(col(BotMessage.state) == WAITING).group_by(col(BotMessage.chat)).subquery()
    may_be_sent = or_(col(BotChat.send_after).is_(None), col(BotChat.send_after) <= now)
    columns: tuple[Any, ...] = (
        col(BotMessage.chat),
        col(BotMessage.place),
        col(BotMessage.payload),
        col(BotMessage.attempts),
        col(BotChat.chat_id),
    )
    query = (
        select(*columns)
        .join(heads, (heads.c.chat == col(BotMessage.chat)) & (heads.c.place == col(BotMessage.place)))
        .join(BotChat, col(BotChat.key) == col(BotMessage.chat))
        .where(col(BotMessage.state) == WAITING, col(BotMessage.due_at) <= now, may_be_sent)
        .order_by(col(BotMessage.created_at))
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def put_messages(session: AsyncSession, rows: Rows) -> None:
    await update_rows(session, BotMessage, rows, key=("chat", "place"))


async def pause_chats(session: AsyncSession, until: Mapping[bytes, datetime]) -> None:
    """Sorted, as whoever locks several chats does."""
    await update_rows(session, BotChat, [{"key": key, "send_after": until[key]} for key in sorted(until)], key=("key",))


async def block_chats(session: AsyncSession, keys: Collection[bytes], now: datetime) -> None:
    """Nothing is sent there any more; what waits is given up."""
    for key in sorted(keys):
        await session.execute(update(BotChat).where(col(BotChat.key) == key).values(blocked_at=now))
        waiting = update(BotMessage).where(col(BotMessage.chat) == key, col(BotMessage.state) == WAITING)
        await session.execute(waiting.values(state="BLOCKED", payload=None, ended_at=now))


async def state_of_notice(session: AsyncSession, notice: UUID) -> str | None:
    return (await session.execute(select(col(BotMessage.state)).where(col(BotMessage.notice) == notice))).scalars().first()


async def hold_duty(session: AsyncSession, name: str, holder: UUID, now: datetime, until: datetime) -> Row[Any] | None:
    """The duty's row if it is the holder's `until` then; None while it is another's."""
    statement = upsert(session, BotDuty).values(name=name, holder=holder, until=until)
    is_free = or_(col(BotDuty.until) < now, col(BotDuty.holder) == holder)
    taking = statement.on_conflict_do_update(index_elements=["name"], set_={"holder": holder, "until": until}, where=is_free)
    return (await session.execute(taking.returning(col(BotDuty.name), col(BotDuty.next_update)))).one_or_none()


async def let_go_of_duty(session: AsyncSession, name: str, holder: UUID, now: datetime) -> None:
    mine = update(BotDuty).where(col(BotDuty.name) == name, col(BotDuty.holder) == holder)
    await session.execute(mine.values(until=now))


async def move_duty(session: AsyncSession, name: str, next_update: int) -> None:
    await session.execute(update(BotDuty).where(col(BotDuty.name) == name).values(next_update=next_update))


async def appeals_of(session: AsyncSession, owner: bytes, limit: int, appeal_id: UUID | None = None) -> Sequence[Row[Any]]:
    """The latest appeals of an owner, or the one of them that is asked for."""
    columns: tuple[Any, ...] = (
        col(Appeal.id),
        col(Appeal.number),
        col(Appeal.region),
        col(Appeal.registered_at),
        col(Tracking.status),
        col(Tracking.due_at),
    )
    query = select(*columns).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(col(Appeal.owner) == owner)
    if appeal_id is not None:
        query = query.where(col(Appeal.id) == appeal_id)
    return (await session.execute(query.order_by(col(Appeal.id).desc()).limit(limit))).all()


async def status_of(session: AsyncSession, appeal_id: UUID) -> str | None:
    return (await session.execute(select(col(Tracking.status)).where(col(Tracking.appeal_id) == appeal_id))).scalar_one_or_none()


async def forget(session: AsyncSession, *, late_before: datetime, drafts_before: datetime, rows_before: datetime, now: datetime) -> None:
    """Drop the words of conversations at rest, drafts that nobody came back to, and what came and was sent long ago."""
    is_free = or_(col(BotChat.leased_until).is_(None), col(BotChat.leased_until) < now)
    at_rest = and_(col(BotChat.touched_at) < late_before, is_free)
    in_hand = update(BotUpdate).where(col(BotUpdate.state) == IN_HAND, col(BotUpdate.handled_at) < late_before)
    await session.execute(in_hand.where(col(BotUpdate.chat).in_(select(col(BotChat.key)).where(at_rest))).values(state=SETTLED, body=None))
    await session.execute(update(BotChat).where(at_rest, col(BotChat.start).is_not(None)).values(start=None))
    idle = update(BotChat).where(col(BotChat.touched_at) < drafts_before, is_free, col(BotChat.draft).is_not(None))
    await session.execute(idle.where(col(BotChat.step) != "MENU").values(step="EXPIRED", draft=None))
    await session.execute(idle.where(col(BotChat.step) == "MENU").values(draft=None))
    await session.execute(delete(BotUpdate).where(col(BotUpdate.received_at) < rows_before))
    await session.execute(delete(BotMessage).where(col(BotMessage.ended_at) < rows_before))
