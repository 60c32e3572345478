"""Withdrawing an appeal (АППК art. 64(9)): the applicant's statement before the decision, a code, and for a complaint a call."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.errors import AlreadyDecided, NoWithdrawal, WithdrawalPending, WrongCode
from intake.register.models import Withdrawal
from intake.register.repository import applicant as records
from intake.register.schemas import CallBackIn, WithdrawalIn, WithdrawalItem, WithdrawalResult
from intake.register.schemas.codes import MessageKind, WithdrawalState
from intake.register.schemas.rows import TimelineRow, TrackingRow
from intake.register.service.ports import TrackedChange
from intake.register.service.progress import ActionResult, ApplicantRequest, perform, publish_change, store_message, store_tracking
from intake.register.service.rights import is_decided, rights, withdrawal_reasons
from intake.register.service.verification import spend_code
from shared.auth import Principal
from shared.contracts import AppealWithdrawn
from shared.errors import DomainError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.ids import derived
from shared.service import Parts
from shared.visibility import visible_cases

ASKED: Final = "withdrawal-asked"
DISMISSED: Final = "withdrawal-refused"
OVERRULED: Final = "withdrawal-late"
JUST_AFTER: Final = timedelta(microseconds=1)  # a timeline is read in the order of its times
OUTCOME: Final = "WITHDRAWN"


async def withdraw(parts: Parts, appeal_id: UUID, request: WithdrawalIn, *, key: str | None = None) -> ActionResult[WithdrawalResult]:
    """Withdraw the appeal, or record the request where the appeal's kind or the reason needs a call of the Fund first.

    Raises InvalidInput, AlreadyDecided, WithdrawalPending, WrongCode, TooMany and IdempotencyKeyReused.
    """
    reason = withdrawal_reasons().get(request.reason)
    if reason is None:
        raise InvalidInput.field("reason", "unknown-code", DETAILS["unknown-code"])

    async def work(session: AsyncSession, tracking: TrackingRow) -> WithdrawalResult | DomainError:
        if is_decided(tracking["status"]):
            raise AlreadyDecided
        if await records.pending_withdrawal(session, appeal_id) is not None:
            raise WithdrawalPending
        contact = await spend_code(session, parts, tracking, request.code, "withdrawal")
        if contact is None:
            return WrongCode()
        waits = reason.suspicious or rights(tracking["kind"]).call_back
        state = WithdrawalState.PENDING if waits else WithdrawalState.DONE
        statement = await store_message(session, parts, appeal_id, MessageKind.STATEMENT, request.statement)
        records.add_withdrawal(session, _withdrawal(parts, appeal_id, statement, reason.code, contact, state))
        if waits:
            await store_tracking(session, parts, tracking, parts.ids.new(), ASKED)  # no event: the desk has nothing to do before the call
        else:
            await _end_appeal(session, parts, tracking, reason.code)
        return await _result(session, tracking, state)

    return await perform(parts, appeal_id, ApplicantRequest("withdrawal", request, key), WithdrawalResult, work)


async def call_back(
    parts: Parts, appeal_id: UUID, report: CallBackIn, caller: Principal, *, key: str | None = None
) -> ActionResult[WithdrawalResult]:
    """Record the Fund's call: a pending withdrawal takes effect, or is dismissed.

    Raises NotFound for an appeal that the caller does not see, NoWithdrawal, AlreadyDecided and IdempotencyKeyReused.
    """

    def check_visible(tracking: TrackingRow) -> None:
        if not visible_cases(caller).allows(tracking["region"], tracking["tier"], tracking["provider_id"]):
            raise NotFound

    async def work(session: AsyncSession, tracking: TrackingRow) -> WithdrawalResult:
        pending = await records.pending_withdrawal(session, appeal_id)
        if pending is None:
            raise NoWithdrawal
        if is_decided(tracking["status"]):
            raise AlreadyDecided
        pending.state = WithdrawalState.DONE if report.confirmed else WithdrawalState.REFUSED
        pending.decided_at, pending.decided_by = parts.clock.now(), caller.subject
        pending.note = parts.sealer.seal("withdrawal", pending.id, "note", report.note.encode()) if report.note else None
        if report.confirmed:
            await _end_appeal(session, parts, tracking, pending.reason)
        else:
            await store_tracking(session, parts, tracking, parts.ids.new(), DISMISSED)
        return await _result(session, tracking, pending.state)

    request = ApplicantRequest(f"call-back {caller.issuer}/{caller.subject}", report, key)
    return await perform(parts, appeal_id, request, WithdrawalResult, work, check_visible=check_visible)


async def overrule(session: AsyncSession, decisions: Sequence[TrackedChange], now: datetime) -> None:
    """Mark withdrawals that the Fund received after its decision: the decision holds (АППК art. 64(9)).

    `decisions`: the changes that moved a withdrawn appeal to the decision's status.
    """
    if not decisions:
        return
    await records.mark_late_withdrawals(session, [decision.received.event.appeal_id for decision in decisions])
    entries: list[TimelineRow] = [
        {
            "event_id": derived(decision.received.envelope.id, OVERRULED),
            "appeal_id": decision.received.event.appeal_id,
            "at": now + JUST_AFTER,
            "type": OVERRULED,
            "data": {},
            "holder": decision.tracking["holder"],
        }
        for decision in decisions
    ]
    await repository.add_timeline(session, entries)


async def pending_withdrawals(parts: Parts, reader: Principal, *, limit: int, cursor: str | None) -> ListResponse[WithdrawalItem]:
    """Return the withdrawals that wait for a call on the appeals that the reader sees, oldest first. Raises InvalidInput."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with parts.database.read() as session:
        found, total = await records.pending_withdrawals(session, visible_cases(reader), after, limit + 1)
    items = [
        WithdrawalItem(
            appeal_id=pending.withdrawal.appeal_id,
            number=pending.number,
            region=pending.region,
            kind=pending.kind,
            status=pending.status,
            reason=pending.withdrawal.reason,
            asked_at=pending.withdrawal.asked_at,
        )
        for pending in found[:limit]
    ]
    last = found[limit - 1].withdrawal if len(found) > limit else None
    next_cursor = Cursor.encode(last.asked_at, last.id) if last else None
    return ListResponse(items=items, total=total, next_cursor=next_cursor)


def _withdrawal(parts: Parts, appeal_id: UUID, statement: UUID, reason: str, contact: str, state: WithdrawalState) -> Withdrawal:
    now = parts.clock.now()
    return Withdrawal(
        id=parts.ids.new(),
        appeal_id=appeal_id,
        message_id=statement,
        reason=reason,
        asked_at=now,
        state=state,
        proof=contact,
        decided_at=None if state is WithdrawalState.PENDING else now,
        decided_by=None,
        note=None,
    )


async def _end_appeal(session: AsyncSession, parts: Parts, tracking: TrackingRow, reason: str) -> None:
    tracking["outcome"] = OUTCOME
    event = AppealWithdrawn(appeal_id=tracking["appeal_id"], reason=reason)
    await publish_change(session, parts, tracking, event, timeline_type=AppealWithdrawn.FACT)


async def _result(session: AsyncSession, tracking: TrackingRow, state: WithdrawalState) -> WithdrawalResult:
    number = await records.number_of_appeal(session, tracking["appeal_id"])
    return WithdrawalResult.model_validate({"number": number, "status": tracking["status"], "withdrawal": state})
