"""The questions about what leaves for applicants."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.notifications.models import CODES, InboundMessage, Notice
from intake.register.models import Appeal, ConfirmedContact, Tracking
from shared.bulk import insert_new_rows
from shared.database import among, table_of
from shared.visibility import Scope

Rows = Sequence[dict[str, Any]]
_NOTICE = table_of(Notice).c


async def addressees(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, str | None]:
    """Of these, the appeals whose applicants may be reached, with the way they chose; imported and anonymous ones without a way are not."""
    reached = or_(col(Appeal.answer_by).is_not(None), col(Appeal.applicant).is_not(None), col(Appeal.channel) == "TELEGRAM")
    query = select(col(Appeal.id), col(Appeal.answer_by)).where(among(session, Appeal.id, appeal_ids), reached)
    return {row[0]: row[1] for row in await session.execute(query.where(col(Appeal.pin).is_not(None)))}


async def add(session: AsyncSession, rows: Rows) -> None:
    """Plan notices; those that are there already stay as they are."""
    await insert_new_rows(session, Notice, rows, returning="id")


async def is_any_due(session: AsyncSession, now: datetime) -> bool:
    query = select(_NOTICE.id).where(_NOTICE.state == "PLANNED", _NOTICE.due_at <= now).limit(1)
    return (await session.execute(query)).first() is not None


async def claim(session: AsyncSession, now: datetime, until: datetime, limit: int) -> Sequence[Row[Any]]:
    """Take up to `limit` due notices in hand, the longest due first; they come back when `until` passes without a word of them."""
    due = select(_NOTICE.id).where(_NOTICE.state == "PLANNED", _NOTICE.due_at <= now).order_by(_NOTICE.due_at, _NOTICE.id).limit(limit)
    ids = list((await session.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    taken = {"due_at": until, "attempts": _NOTICE.attempts + 1}
    await session.execute(update(table_of(Notice)).where(among(session, _NOTICE.id, ids)).values(taken))
    return await with_appeals(session, ids)


def _is_confirmed(kind: str) -> ColumnElement[bool]:
    return exists().where(col(ConfirmedContact.appeal_id) == _NOTICE.appeal_id, col(ConfirmedContact.kind) == kind)


async def with_appeals(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Notices, the longest planned first, each with what is needed of its appeal."""
    appeal, tracking = table_of(Appeal).c, table_of(Tracking).c
    columns = (
        *table_of(Notice).c,
        appeal.number,
        appeal.language.label("appeal_language"),
        appeal.answer_by,
        appeal.applicant,
        appeal.channel.label("filed_by"),
        appeal.owner,
        appeal.received_by.is_not(None).label("is_written_down"),
        _is_confirmed("phone").label("phone_confirmed"),
        _is_confirmed("email").label("email_confirmed"),
        tracking.region,
        tracking.tier,
        tracking.provider_id,
        tracking.status,
        tracking.answer_id,
        tracking.answered_at,
    )
    query = select(*columns).join(table_of(Appeal), appeal.id == _NOTICE.appeal_id)
    query = query.join(table_of(Tracking), tracking.appeal_id == appeal.id)
    return (await session.execute(query.where(among(session, _NOTICE.id, ids)).order_by(_NOTICE.planned_at, _NOTICE.id))).all()


async def settle(session: AsyncSession, notice_id: UUID, values: Mapping[str, Any], *, among_states: Collection[str]) -> bool:
    """Note what became of it, unless it has come to another state than these meanwhile. Says whether it was noted."""
    statement = update(table_of(Notice)).where(_NOTICE.id == notice_id, _NOTICE.state.in_(among_states)).values(**values)
    return (await session.execute(statement.returning(_NOTICE.id))).first() is not None


async def sent_since(session: AsyncSession, appeal_id: UUID, since: datetime) -> Sequence[datetime]:
    """When notices of an appeal left after `since`, in order; codes are not counted."""
    query = select(_NOTICE.sent_at).where(_NOTICE.appeal_id == appeal_id, _NOTICE.sent_at > since, _NOTICE.fact.not_in(CODES))
    return [each for each in (await session.execute(query.order_by(_NOTICE.sent_at))).scalars() if each is not None]


async def waiting_news(session: AsyncSession, appeal_id: UUID) -> UUID | None:
    """The notice into which others of this appeal are folded, while it waits."""
    waits = (_NOTICE.appeal_id == appeal_id, _NOTICE.fact == "news", _NOTICE.state == "PLANNED")
    return (await session.execute(select(_NOTICE.id).where(*waits).order_by(_NOTICE.id).limit(1).with_for_update())).scalar_one_or_none()


async def tried_channels(session: AsyncSession, event_id: UUID, recipient: str) -> set[str]:
    query = select(_NOTICE.channel).where(_NOTICE.event_id == event_id, _NOTICE.recipient == recipient)
    return set((await session.execute(query)).scalars())


async def of_appeal(
    session: AsyncSession, appeal_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[Row[Any]], int]:
    """A page of what was told about an appeal in the order of planning, and how much there is."""
    mine = _NOTICE.appeal_id == appeal_id
    total = (await session.execute(select(func.count()).select_from(table_of(Notice)).where(mine))).scalar_one()
    query = select(table_of(Notice)).where(mine).order_by(_NOTICE.planned_at, _NOTICE.id).limit(limit)
    if after is not None:
        at, last = after
        query = query.where(or_(_NOTICE.planned_at > at, and_(_NOTICE.planned_at == at, _NOTICE.id > last)))
    return (await session.execute(query)).all(), total


async def latest(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """The last notices planned, the newest first, with their appeals' numbers."""
    columns: tuple[Any, ...] = (*table_of(Notice).c, table_of(Appeal).c.number)
    query = select(*columns).join(table_of(Appeal), col(Appeal.id) == _NOTICE.appeal_id)
    return (await session.execute(query.order_by(_NOTICE.planned_at.desc(), _NOTICE.id.desc()).limit(limit))).all()


async def counts_by_state(session: AsyncSession) -> Mapping[str, int]:
    query = select(_NOTICE.state, func.count()).group_by(_NOTICE.state)
    return {row[0]: row[1] for row in await session.execute(query)}


async def by_hand(session: AsyncSession, scope: Scope, limit: int) -> tuple[Sequence[Row[Any]], int]:
    """What persons who see these cases have to print or to say, the oldest first, and how much there is."""
    tracking = table_of(Tracking).c
    mine = and_(_NOTICE.state == "BY_HAND", scope.where(tracking.region, tracking.tier, tracking.provider_id))
    joined = select(_NOTICE.id).join(table_of(Tracking), tracking.appeal_id == _NOTICE.appeal_id).where(mine)
    total = (await session.execute(select(func.count()).select_from(joined.subquery()))).scalar_one()
    ids = list((await session.execute(joined.order_by(_NOTICE.planned_at, _NOTICE.id).limit(limit))).scalars())
    return (await with_appeals(session, ids) if ids else []), total


async def last_answered(session: AsyncSession, phone_key: bytes) -> Row[Any] | None:
    """The notice of the latest answer that went to this telephone, with its appeal."""
    arrived = case((_NOTICE.state.in_(("SENT", "DELIVERED")), 1), else_=0) == 1
    query = select(_NOTICE.id).where(_NOTICE.phone_key == phone_key, _NOTICE.fact == "answer-given", arrived)
    found = (await session.execute(query.order_by(_NOTICE.sent_at.desc(), _NOTICE.id.desc()).limit(1))).scalar_one_or_none()
    return (await with_appeals(session, [found]))[0] if found else None


async def is_known_message(session: AsyncSession, key: bytes) -> bool:
    return (await session.execute(select(col(InboundMessage.key)).where(col(InboundMessage.key) == key))).first() is not None


async def remember_message(session: AsyncSession, key: bytes, now: datetime) -> None:
    await insert_new_rows(session, InboundMessage, [{"key": key, "at": now}], unique=("key",), returning="key")


async def forget_messages(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(InboundMessage).where(col(InboundMessage.at) < before))
