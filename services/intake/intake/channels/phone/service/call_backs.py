"""Those to be called back: taken by one operator, tried, done. Who has taken an entry sees its number; each look is recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.phone import repository
from intake.channels.phone.errors import CallBackTaken
from intake.channels.phone.models import CallBack
from intake.channels.phone.service.policy import policy
from intake.register.service.audit import record_read
from shared.errors import NotFound
from shared.service import Parts

PURPOSE: Final = "call-back"


async def take(session: AsyncSession, parts: Parts, call_back_id: UUID, operator: str) -> None:
    """Raises NotFound for an entry that is not open any more, CallBackTaken for a colleague's who has not left it lying."""
    entry = await _entry(session, parts, call_back_id, operator)
    entry.state, entry.taken_by, entry.changed_at = "TAKEN", operator, parts.clock.now()


async def not_reached(session: AsyncSession, parts: Parts, call_back_id: UUID, operator: str) -> None:
    """Counts an attempt and gives the entry back; after the last attempt it is laid aside. Raises as `take`."""
    entry = await _entry(session, parts, call_back_id, operator)
    entry.attempts += 1
    if entry.attempts >= policy().call_back_attempts:
        entry.state, entry.number = "UNREACHED", None
    else:
        entry.state = "OPEN"
    entry.taken_by, entry.changed_at = None, parts.clock.now()


async def done(session: AsyncSession, parts: Parts, call_back_id: UUID, operator: str) -> None:
    """Raises as `take`."""
    entry = await _entry(session, parts, call_back_id, operator)
    entry.state, entry.number, entry.taken_by, entry.changed_at = "DONE", None, operator, parts.clock.now()


def is_left(entry: CallBack, now: datetime) -> bool:
    """Taken so long ago that a colleague may call instead: who took it has gone home."""
    return entry.state == "TAKEN" and entry.changed_at <= now - policy().call_back_held


async def _entry(session: AsyncSession, parts: Parts, call_back_id: UUID, operator: str) -> CallBack:
    entry = await repository.call_back(session, call_back_id)
    if entry is None or entry.state not in {"OPEN", "TAKEN"}:
        raise NotFound
    if entry.state == "TAKEN" and entry.taken_by != operator and not is_left(entry, parts.clock.now()):
        raise CallBackTaken
    return entry


async def numbers_of(parts: Parts, entries: Sequence[CallBack], operator: str) -> dict[UUID, str]:
    """The numbers of the operator's own entries, by id; the look is recorded."""
    own = [one for one in entries if one.state == "TAKEN" and one.taken_by == operator and one.number]
    if own:
        async with parts.database.write() as session:
            await record_read(session, parts, reader=operator, purpose=PURPOSE, ids=[one.id for one in own])
    return {one.id: parts.sealer.open("call_back", one.id, "number", one.number or b"").decode() for one in own}
