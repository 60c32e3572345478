"""Taking an appeal back (АППК art. 64(9)): the applicant's own statement before the decision, a code, and for a complaint a call."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.errors import AlreadyDecided, NoWithdrawal, WithdrawalPending, WrongCode
from intake.register.repository import applicant as records
from intake.register.schemas import CallBackIn, WithdrawalIn, WithdrawalItem, WithdrawalTold
from intake.register.service.ports import TrackedChange
from intake.register.service.progress import Asked, Done, Tracking, act, keep, tell, write_down
from intake.register.service.rights import is_decided, reasons, rights
from intake.register.service.verification import spend_code
from shared.auth import Principal
from shared.contracts import AppealWithdrawn
from shared.errors import DomainError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.ids import derived
from shared.service import Parts
from shared.visibility import visible_cases

PENDING, DONE, REFUSED, LATE = "PENDING", "DONE", "REFUSED", "LATE"
ASKED: Final = "withdrawal-asked"
DISMISSED: Final = "withdrawal-refused"
OVERRULED: Final = "withdrawal-late"
JUST_AFTER: Final = timedelta(microseconds=1)  # a timeline is read in the order of its times
OUTCOME: Final = "WITHDRAWN"


async def withdraw(parts: Parts, appeal_id: UUID, said: WithdrawalIn, *, key: str | None = None) -> Done[WithdrawalTold]:
    """Take the appeal back, or ask for the Fund's call where its kind or the reason needs one.

    Raises InvalidInput, AlreadyDecided, WithdrawalPending, WrongCode, TooMany and IdempotencyKeyReused.
    """
    reason = reasons().get(said.reason)
    if reason is None:
        raise InvalidInput.field("reason", "unknown-code", DETAILS["unknown-code"])

    async def work(session: AsyncSession, tracking: Tracking) -> WithdrawalTold | DomainError:
        if is_decided(tracking["status"]):
            raise AlreadyDecided
        if await records.pending_withdrawal(session, appeal_id) is not None:
            raise WithdrawalPending
        contact = await spend_code(session, parts, tracking, said.code, "withdrawal")
        if contact is None:
            return WrongCode()
        waits = reason.suspicious or rights(tracking["kind"]).call_back
        statement = await write_down(session, parts, appeal_id, "STATEMENT", said.statement)
        await records.add_withdrawal(session, _row(parts, appeal_id, statement, reason.code, contact, waits=waits))
        if waits:
            await keep(session, parts, tracking, parts.ids.new(), ASKED)  # nothing for the desk to act upon: the Fund calls first
        else:
            await _end(session, parts, tracking, reason.code)
        return await _told(session, tracking, PENDING if waits else DONE)

    return await act(parts, appeal_id, Asked("withdrawal", said, key), WithdrawalTold, work)


async def call_back(parts: Parts, appeal_id: UUID, said: CallBackIn, caller: Principal, *, key: str | None = None) -> Done[WithdrawalTold]:
    """What the applicant said when the Fund called: only now a withdrawal that waited counts, or is dismissed.

    Raises NotFound for an appeal that the caller does not see, NoWithdrawal, AlreadyDecided and IdempotencyKeyReused.
    """

    def check_visible(tracking: Tracking) -> None:
        if not visible_cases(caller).allows(tracking["region"], tracking["tier"], tracking["provider_id"]):
            raise NotFound

    async def work(session: AsyncSession, tracking: Tracking) -> WithdrawalTold:
        pending = await records.pending_withdrawal(session, appeal_id)
        if pending is None:
            raise NoWithdrawal
        if is_decided(tracking["status"]):
            raise AlreadyDecided
        state = DONE if said.confirmed else REFUSED
        note = parts.sealer.seal("withdrawal", pending.id, "note", said.note.encode()) if said.note else None
        ending = {"state": state, "decided_at": parts.clock.now(), "decided_by": caller.subject, "note": note}
        await records.end_withdrawal(session, pending.id, ending)
        if said.confirmed:
            await _end(session, parts, tracking, pending.reason)
        else:
            await keep(session, parts, tracking, parts.ids.new(), DISMISSED)
        return await _told(session, tracking, state)

    asked = Asked(f"call-back {caller.issuer}/{caller.subject}", said, key)
    return await act(parts, appeal_id, asked, WithdrawalTold, work, check_visible=check_visible)


async def overrule(session: AsyncSession, decisions: Sequence[TrackedChange], now: datetime) -> None:
    """Mark withdrawals that the Fund received after its decision: the decision holds (АППК art. 64(9)).

    `decisions`: the changes that moved a withdrawn appeal to the decision's status.
    """
    if not decisions:
        return
    await records.end_withdrawals(session, [each.received.event.appeal_id for each in decisions], DONE, LATE)
    line = {"at": now + JUST_AFTER, "type": OVERRULED, "data": {}}
    lines = [
        line
        | {
            "event_id": derived(each.received.envelope.id, OVERRULED),
            "appeal_id": each.received.event.appeal_id,
            "holder": each.tracking["holder"],
        }
        for each in decisions
    ]
    await repository.add_timeline(session, lines)


async def pending(parts: Parts, reader: Principal, *, limit: int, cursor: str | None) -> ListResponse[WithdrawalItem]:
    """The withdrawals that wait for a call on the appeals that the reader sees, the oldest first. Raises InvalidInput."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with parts.database.read() as session:
        rows, total = await records.pending_withdrawals(session, visible_cases(reader), after, limit + 1)
    items = [
        WithdrawalItem(
            appeal_id=one.appeal_id, number=number, region=region, kind=kind, status=status, reason=one.reason, asked_at=one.asked_at
        )
        for one, number, region, kind, status in rows[:limit]
    ]
    last = rows[limit - 1][0] if len(rows) > limit else None
    following = Cursor.encode(last.asked_at, last.id) if last else None
    return ListResponse(items=items, total=total, next_cursor=following)


def _row(parts: Parts, appeal_id: UUID, statement: UUID, reason: str, contact: str, *, waits: bool) -> dict[str, Any]:
    now = parts.clock.now()
    return {
        "id": parts.ids.new(),
        "appeal_id": appeal_id,
        "message_id": statement,
        "reason": reason,
        "asked_at": now,
        "state": PENDING if waits else DONE,
        "proof": contact,
        "decided_at": None if waits else now,
        "decided_by": None,
        "note": None,
    }


async def _end(session: AsyncSession, parts: Parts, tracking: Tracking, reason: str) -> None:
    tracking["outcome"] = OUTCOME
    event = AppealWithdrawn(appeal_id=tracking["appeal_id"], reason=reason)
    await tell(session, parts, tracking, event, kept=AppealWithdrawn.FACT)


async def _told(session: AsyncSession, tracking: Tracking, state: str) -> WithdrawalTold:
    number = await records.number_of_appeal(session, tracking["appeal_id"])
    return WithdrawalTold.model_validate({"number": number, "status": tracking["status"], "withdrawal": state})
