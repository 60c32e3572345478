"""Call-backs: an operator claims an entry, tries, and closes it. Only who claimed it sees its number; every access is in the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from intake.channels.phone import repository
from intake.channels.phone.codes import CallBackState
from intake.channels.phone.errors import CallBackTaken
from intake.channels.phone.models import CallBack
from intake.channels.phone.policy import call_policy
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "call-back"


async def claim(work: UnitOfWork, call_back_id: UUID, operator: str) -> None:
    """Claim a call-back for the operator.

    Raises NotFound for an entry that is closed, CallBackTaken for one that a colleague claimed a short time ago.
    """
    entry = await _lock(work, call_back_id, operator)
    entry.state, entry.claimed_by, entry.changed_at = CallBackState.CLAIMED, operator, work.clock.now()


async def not_reached(work: UnitOfWork, call_back_id: UUID, operator: str) -> None:
    """Count an attempt and release the entry; the last attempt closes it. Raises as `claim`."""
    entry = await _lock(work, call_back_id, operator)
    entry.attempts += 1
    if entry.attempts >= call_policy().call_back_attempts:
        entry.state, entry.number = CallBackState.UNREACHED, None
    else:
        entry.state = CallBackState.OPEN
    entry.claimed_by, entry.changed_at = None, work.clock.now()


async def done(work: UnitOfWork, call_back_id: UUID, operator: str) -> None:
    """Close the entry: the caller was reached. Raises as `claim`."""
    entry = await _lock(work, call_back_id, operator)
    entry.state, entry.number, entry.claimed_by, entry.changed_at = CallBackState.DONE, None, operator, work.clock.now()


def is_abandoned(entry: CallBack, now: datetime) -> bool:
    """Return whether the entry was claimed so long ago that a colleague may claim it: the operator has probably gone home."""
    return entry.state == CallBackState.CLAIMED and entry.changed_at <= now - call_policy().call_back_held


async def _lock(work: UnitOfWork, call_back_id: UUID, operator: str) -> CallBack:
    entry = await repository.lock_call_back(work.session, call_back_id)
    if entry is None or entry.state not in repository.ONGOING:
        raise NotFound
    is_claimed = entry.state == CallBackState.CLAIMED and entry.claimed_by != operator
    if is_claimed and not is_abandoned(entry, work.clock.now()):
        raise CallBackTaken
    return entry


def claimed_by(entries: Sequence[CallBack], operator: str) -> Sequence[CallBack]:
    """Return the entries that an operator has claimed and whose number is stored."""
    return [entry for entry in entries if entry.state == CallBackState.CLAIMED and entry.claimed_by == operator and entry.number]


async def numbers_of(work: UnitOfWork, claimed: Sequence[CallBack], operator: str) -> dict[UUID, str]:
    """Return the numbers of entries that the operator claimed, by id. The access is recorded in the audit log."""
    await work.audit.record(reader=operator, purpose=PURPOSE, ids=[entry.id for entry in claimed])
    return {entry.id: work.sealer.open("call_back", entry.id, "number", entry.number or b"").decode() for entry in claimed}
