"""Taking an appeal back (АППК art. 64(9)): the applicant's own statement before the decision, a code, and for a complaint a call."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.applicant_schemas import CallBackIn, WithdrawalIn, WithdrawalItem, WithdrawalTold
from intake.errors import AlreadyDecided, NoWithdrawal, WithdrawalPending, WrongCode
from intake.repository import applicant as records
from intake.rights import is_decided, reasons, rights
from intake.service.progress import Asked, Done, Tracking, act, keep, tell, write_down
from intake.service.verification import spend_code
from shared.auth import Principal
from shared.contracts import AppealWithdrawn, MessageAdded
from shared.errors import DomainError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.service import Parts
from shared.visibility import visible_cases

PENDING, DONE, REFUSED = "PENDING", "DONE", "REFUSED"
ASKED: Final = "withdrawal-asked"
DISMISSED: Final = "withdrawal-refused"
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
            told = MessageAdded(appeal_id=appeal_id, message_id=statement, attachments=0)
            await tell(session, parts, tracking, told, kept=ASKED)
        else:
            await _end(session, parts, tracking, reason.code)
        return await _told(session, tracking, PENDING if waits else DONE)

    return await act(parts, appeal_id, Asked("withdrawal", said, key), WithdrawalTold, work)


async def call_back(parts: Parts, appeal_id: UUID, said: CallBackIn, caller: Principal, *, key: str | None = None) -> Done[WithdrawalTold]:
    """What the applicant said when the Fund called: only now a withdrawal that waited counts, or is dismissed.

    Raises NotFound for an appeal that the caller does not see, NoWithdrawal, AlreadyDecided and IdempotencyKeyReused.
    """

    async def work(session: AsyncSession, tracking: Tracking) -> WithdrawalTold:
        if not visible_cases(caller).allows(tracking["region"], tracking["tier"], tracking["provider_id"]):
            raise NotFound
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

    return await act(parts, appeal_id, Asked(f"call-back {caller.issuer}/{caller.subject}", said, key), WithdrawalTold, work)


async def pending(parts: Parts, reader: Principal, *, limit: int, cursor: str | None) -> ListResponse[WithdrawalItem]:
    """The withdrawals that wait for a call on the appeals that the reader sees, the oldest first. Raises InvalidInput."""
    after = _place(cursor) if cursor is not None else None
    async with parts.database.read() as session:
        rows, total = await records.pending_withdrawals(session, visible_cases(reader), after, limit + 1)
    items = [
        WithdrawalItem(
            appeal_id=one.appeal_id, number=number, region=region, kind=kind, status=status, reason=one.reason, asked_at=one.asked_at
        )
        for one, number, region, kind, status in rows[:limit]
    ]
    last = rows[limit - 1][0] if len(rows) > limit else None
    following = Cursor.encode(last.asked_at.isoformat(), str(last.id)) if last else None
    return ListResponse(items=items, total=total, next_cursor=following)


def _place(cursor: str) -> tuple[datetime, UUID]:
    at, withdrawal_id = Cursor.decode(cursor, str, str)
    try:
        return datetime.fromisoformat(at), UUID(withdrawal_id)
    except ValueError:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.") from None


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
