"""Withdrawing an appeal (АППК art. 64(9)): the applicant's statement before the decision, a code, and for a complaint a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from intake.register import repository
from intake.register.codes import OVERRULED, MessageKind, WithdrawalState
from intake.register.errors import AlreadyDecided, NoWithdrawal, WithdrawalPending
from intake.register.models import Withdrawal
from intake.register.policy import rights, withdrawal_reasons
from intake.register.repository import applicant as records
from intake.register.schemas import CallBackIn, WithdrawalIn, WithdrawalItem, WithdrawalResult
from intake.register.schemas.rows import TimelineRow, TrackingRow
from intake.register.service.ports import TrackedChange
from intake.register.service.progress import lock_appeal, message_text, publish_change, statement_codes, store_message, store_tracking
from intake.register.service.rights import is_decided
from intake.register.service.sealed_fields import open_field
from intake.register.service.verification import spend_code
from shared.auth import Principal
from shared.contracts import AppealWithdrawn
from shared.errors import InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.ids import derived
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

ASKED: Final = "withdrawal-asked"
DISMISSED: Final = "withdrawal-refused"
JUST_AFTER: Final = timedelta(microseconds=1)  # a timeline is read in the order of its times
OUTCOME: Final = "WITHDRAWN"
CALL_PURPOSE: Final = "withdrawal-call"


@dataclass(frozen=True, slots=True)
class RequestToCall:
    """A withdrawal that waits for the Fund's call, with what is needed for the call; None: the applicant did not give it."""

    appeal_id: UUID
    number: str
    region: str
    reason: str
    asked_at: datetime
    statement: str
    full_name: str | None
    phone: str | None


async def withdraw(work: UnitOfWork, appeal_id: UUID, request: WithdrawalIn) -> WithdrawalResult:
    """Withdraw the appeal, or record the request where the appeal's kind or the reason needs a call of the Fund first.

    Raises InvalidInput, AlreadyDecided, WithdrawalPending, WrongCode and TooMany.
    """
    reason = withdrawal_reasons().get(request.reason)
    if reason is None:
        raise InvalidInput.field("reason", "unknown-code", DETAILS["unknown-code"])
    tracking = await lock_appeal(work, appeal_id)
    if is_decided(tracking["status"]):
        raise AlreadyDecided
    if await records.pending_withdrawal(work.session, appeal_id) is not None:
        raise WithdrawalPending
    contact = await spend_code(work, tracking, request.code, "withdrawal")
    waits = reason.suspicious or rights(tracking["kind"]).call_back
    state = WithdrawalState.PENDING if waits else WithdrawalState.DONE
    statement = await store_message(work, appeal_id, MessageKind.STATEMENT, request.statement)
    records.add_withdrawal(work.session, _withdrawal(work, appeal_id, statement, reason.code, contact, state))
    if waits:
        await store_tracking(work, tracking, work.ids.new(), ASKED)  # no event: the desk has nothing to do before the call
    else:
        await _end_appeal(work, tracking, reason.code)
    return await _result(work, tracking, state)


async def lock_visible(work: UnitOfWork, appeal_id: UUID, caller: Principal) -> TrackingRow:
    """Return the tracking row of an appeal, locked. Raises NotFound for an appeal that the caller does not see."""
    tracking = await lock_appeal(work, appeal_id)
    if not visible_cases(caller).allows(tracking["region"], tracking["tier"], tracking["provider_id"], tracking["protection"]):
        raise NotFound
    return tracking


async def call_back(work: UnitOfWork, appeal_id: UUID, report: CallBackIn, caller: Principal) -> WithdrawalResult:
    """Record the Fund's call: a pending withdrawal takes effect, or is dismissed.

    Raises NotFound for an appeal that the caller does not see, NoWithdrawal and AlreadyDecided.
    """
    tracking = await lock_visible(work, appeal_id, caller)
    pending = await records.pending_withdrawal(work.session, appeal_id)
    if pending is None:
        raise NoWithdrawal
    if is_decided(tracking["status"]):
        raise AlreadyDecided
    pending.state = WithdrawalState.DONE if report.confirmed else WithdrawalState.REFUSED
    pending.decided_at, pending.decided_by = work.clock.now(), caller.subject
    pending.note = work.sealer.seal("withdrawal", pending.id, "note", report.note.encode()) if report.note else None
    if report.confirmed:
        await _end_appeal(work, tracking, pending.reason)
    else:
        await store_tracking(work, tracking, work.ids.new(), DISMISSED)
    return await _result(work, tracking, pending.state)


async def read_request(work: UnitOfWork, appeal_id: UUID, reader: Principal) -> RequestToCall:
    """Return a pending withdrawal with the statement and the phone number; the access is recorded in the audit log.

    Raises NotFound for an appeal that the reader does not see, and where no withdrawal waits.
    """
    tracking = await records.tracking_of(work.session, appeal_id)
    pending = await records.pending_withdrawal(work.session, appeal_id)
    is_visible = visible_cases(reader).allows(tracking["region"], tracking["tier"], tracking["provider_id"], tracking["protection"])
    if pending is None or not is_visible or is_decided(tracking["status"]):
        raise NotFound
    await work.audit.record(reader=reader.subject, purpose=CALL_PURPOSE, ids=[appeal_id], appeal_id=appeal_id, role=reader.role)
    appeal = await records.whole_appeal(work.session, appeal_id)
    statement = await records.message(work.session, pending.message_id)
    try:
        applicant = open_field(work.sealer, appeal_id, "applicant", appeal.applicant) or {}
        text = message_text(work.sealer, statement.id, statement.text) if statement is not None and statement.text is not None else ""
    except SealError:  # erased
        raise NotFound from None
    return RequestToCall(
        appeal_id=appeal_id,
        number=appeal.number,
        region=tracking["region"],
        reason=pending.reason,
        asked_at=pending.asked_at,
        statement=text,
        full_name=applicant.get("full_name"),
        phone=applicant.get("phone"),
    )


async def overrule(work: UnitOfWork, decisions: Sequence[TrackedChange]) -> None:
    """Mark withdrawals that the Fund received after its decision: the decision holds (АППК art. 64(9)).

    `decisions`: the changes that moved a withdrawn appeal to the decision's status.
    """
    if not decisions:
        return
    await records.mark_late_withdrawals(work.session, [decision.received.event.appeal_id for decision in decisions])
    entries: list[TimelineRow] = [
        {
            "event_id": derived(decision.received.envelope.id, OVERRULED),
            "appeal_id": decision.received.event.appeal_id,
            "at": work.clock.now() + JUST_AFTER,
            "type": OVERRULED,
            "data": {},
            "holder": decision.tracking["holder"],
        }
        for decision in decisions
    ]
    await repository.add_timeline(work.session, entries)


async def pending_withdrawals(work: UnitOfWork, reader: Principal, *, limit: int, cursor: str | None) -> ListResponse[WithdrawalItem]:
    """Return the withdrawals that wait for a call on the appeals that the reader sees, oldest first. Raises InvalidInput."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    found, total = await records.pending_withdrawals(work.session, visible_cases(reader), after, limit + 1)
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


def _withdrawal(work: UnitOfWork, appeal_id: UUID, statement: UUID, reason: str, contact: str, state: WithdrawalState) -> Withdrawal:
    now = work.clock.now()
    return Withdrawal(
        id=work.ids.new(),
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


async def _end_appeal(work: UnitOfWork, tracking: TrackingRow, reason: str) -> None:
    tracking["outcome"] = OUTCOME
    facts = await records.appeal_facts(work.session, tracking["appeal_id"])
    event = AppealWithdrawn.model_validate({"reason": reason, **statement_codes(tracking, facts)})
    await publish_change(work, tracking, event, timeline_type=AppealWithdrawn.FACT)


async def _result(work: UnitOfWork, tracking: TrackingRow, state: WithdrawalState) -> WithdrawalResult:
    number = await records.number_of_appeal(work.session, tracking["appeal_id"])
    return WithdrawalResult.model_validate({"number": number, "status": tracking["status"], "withdrawal": state})
