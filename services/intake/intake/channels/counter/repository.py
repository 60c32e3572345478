"""Queries of the counter channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypedDict
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.channels.counter.models import Receiver, Reception
from intake.register.models import Appeal, Tracking
from shared.domain.lifecycle import CaseStatus
from shared.rows import upsert


class ReceptionRow(TypedDict):
    """Columns of a new `Reception`."""

    appeal_id: UUID
    intake_method: str
    receiver: bytes
    at: datetime


class ReceivedAppeal(NamedTuple):
    """What the list of a counter is made of."""

    appeal_id: UUID
    number: str
    status: CaseStatus
    registered_at: datetime


async def add_reception(session: AsyncSession, row: ReceptionRow) -> None:
    await session.execute(insert(Reception), [row])


async def received_appeals(session: AsyncSession, receiver: bytes, before: UUID | None, limit: int) -> Sequence[ReceivedAppeal]:
    """Return the appeals that a person registered, newest first."""
    query = select(col(Appeal.id), col(Appeal.number), col(Tracking.status), col(Appeal.registered_at))
    query = query.join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).join(Reception, col(Reception.appeal_id) == col(Appeal.id))
    query = query.where(col(Reception.receiver) == receiver)
    query = query.where(col(Reception.appeal_id) < before) if before else query
    rows = await session.execute(query.order_by(col(Reception.appeal_id).desc()).limit(limit))
    return [ReceivedAppeal(*row) for row in rows]


async def count_received_appeals(session: AsyncSession, receiver: bytes) -> int:
    query = select(func.count()).select_from(Reception).join(Appeal, col(Appeal.id) == col(Reception.appeal_id))
    return (await session.execute(query.where(col(Reception.receiver) == receiver))).scalar_one()


async def receiver_name(session: AsyncSession, key: bytes) -> bytes | None:
    """Return the sealed name of a receiver; None if it is not stored."""
    return (await session.execute(select(col(Receiver.name)).where(col(Receiver.key) == key))).scalar_one_or_none()


async def upsert_receiver(session: AsyncSession, key: bytes, name: bytes) -> None:
    statement = upsert(session, Receiver).values(key=key, name=name)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"name": statement.excluded["name"]}))
