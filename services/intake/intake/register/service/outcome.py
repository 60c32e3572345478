"""The applicant's reaction to the answer: confirmation or denial, rating, and reopening.

Confirming is not withdrawing. Each action is for an appeal that its applicant has opened, on any channel.
"""

from typing import TypeVar
from uuid import UUID

from intake.register.errors import AlreadyReopened, NotAnswered, NotReopenable, OutcomeGiven
from intake.register.models import Appeal
from intake.register.repository import applicant as records
from intake.register.schemas import ConfirmationIn, FeedbackIn, OutcomeResult, Rated, Reopened, ReopeningIn
from intake.register.schemas.codes import MessageKind, Verdict
from intake.register.schemas.rows import ResponseEnvelope, TrackingRow
from intake.register.service.progress import (
    ActionResult,
    ApplicantRequest,
    perform,
    publish_change,
    repeatable_request,
    store_message,
    store_tracking,
)
from intake.register.service.registration import Condition, Register
from intake.register.service.reopening import file_follow_up
from intake.register.service.rights import ANSWERED, RATED, is_finished, policy, rights
from intake.register.service.verification import copy_confirmed
from shared.contracts import AppealRated, OutcomeConfirmed, OutcomeDenied
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

Result = TypeVar("Result", OutcomeResult, Reopened)


async def confirm(
    parts: Parts, register: Register, appeal_id: UUID, confirmation: ConfirmationIn, *, key: str | None = None
) -> ActionResult[OutcomeResult]:
    """Record whether the answer settles the appeal. A denied consultation continues in its case, any other kind in a new appeal.

    Raises NotAnswered, OutcomeGiven, InvalidInput and IdempotencyKeyReused.
    """
    request = ApplicantRequest("confirmation", confirmation, key)
    if confirmation.outcome == Verdict.NOT_RESOLVED:
        appeal, tracking = await _current(parts, appeal_id)
        envelope: ResponseEnvelope = {"number": appeal.number, "status": tracking["status"], "outcome": Verdict.NOT_RESOLVED}
        if (earlier := await _earlier_result(parts, appeal_id, request, OutcomeResult)) is not None:
            return earlier
        if not rights(tracking["kind"]).keeps_case:
            _check_answered(tracking)
            condition = _deny_and_follow(appeal, confirmation.reason)
            receipt = await file_follow_up(parts, register, appeal, tracking, request, confirmation.reason, condition, envelope)
            return ActionResult(OutcomeResult.model_validate_json(receipt.body), receipt.replayed)

    async def do(work: UnitOfWork, tracking: TrackingRow) -> OutcomeResult:
        _check_answered(tracking)
        if confirmation.outcome == Verdict.RESOLVED:
            tracking["verdict"] = Verdict.RESOLVED
            event = OutcomeConfirmed(appeal_id=appeal_id, answer_id=tracking["answer_id"])
            await publish_change(work, tracking, event, timeline_type=OutcomeConfirmed.FACT)
        else:
            await _deny(work, tracking, confirmation.reason, None)
        number = await records.number_of_appeal(work.session, appeal_id)
        return OutcomeResult.model_validate({"number": number, "status": tracking["status"], "outcome": confirmation.outcome})

    return await perform(parts, appeal_id, request, OutcomeResult, do)


async def reopen(
    parts: Parts, register: Register, appeal_id: UUID, reopening: ReopeningIn, *, key: str | None = None
) -> ActionResult[Reopened]:
    """Reopen an appeal with new facts (АППК art. 70(5)): file a new appeal, one at a time, or deny the answer to a consultation.

    Raises NotReopenable, AlreadyReopened and IdempotencyKeyReused.
    """
    request = ApplicantRequest("reopening", reopening, key)
    appeal, tracking = await _current(parts, appeal_id)
    envelope: ResponseEnvelope = {"number": appeal.number, "status": tracking["status"]}
    if (earlier := await _earlier_result(parts, appeal_id, request, Reopened)) is not None:
        return earlier
    if not (rights(tracking["kind"]).keeps_case and tracking["status"] == ANSWERED):
        if tracking["status"] not in policy().reopening.statuses:
            raise NotReopenable
        condition = _reopen_and_follow(appeal, reopening.reason)
        receipt = await file_follow_up(parts, register, appeal, tracking, request, reopening.reason, condition, envelope)
        return ActionResult(Reopened.model_validate_json(receipt.body), receipt.replayed)

    async def do(work: UnitOfWork, locked: TrackingRow) -> Reopened:
        _check_answered(locked)
        await _deny(work, locked, reopening.reason, None)
        return Reopened(number=appeal.number, status=locked["status"])

    return await perform(parts, appeal_id, request, Reopened, do)


async def rate(parts: Parts, appeal_id: UUID, feedback: FeedbackIn, *, key: str | None = None) -> ActionResult[Rated]:
    """Store the applicant's rating of an answered appeal. The latest rating counts; repeating the same score publishes nothing.

    Raises NotAnswered, TooMany and IdempotencyKeyReused.
    """

    async def do(work: UnitOfWork, tracking: TrackingRow) -> Rated:
        if tracking["status"] not in RATED:
            raise NotAnswered
        if feedback.comment is not None:
            await store_message(work, appeal_id, MessageKind.COMMENT, feedback.comment)
        if tracking["score"] != feedback.score:
            tracking["score"] = feedback.score
            await publish_change(work, tracking, AppealRated(appeal_id=appeal_id, score=feedback.score), timeline_type=None)
        number = await records.number_of_appeal(work.session, appeal_id)
        return Rated(number=number or "", status=tracking["status"], score=feedback.score)

    return await perform(parts, appeal_id, ApplicantRequest("feedback", feedback, key), Rated, do)


async def _current(parts: Parts, appeal_id: UUID) -> tuple[Appeal, TrackingRow]:
    """Return the appeal and its tracking row without a lock; decisions are checked again in the transaction."""
    async with parts.units.read() as work:
        return await records.whole_appeal(work.session, appeal_id), await records.tracking_of(work.session, appeal_id)


async def _earlier_result(
    parts: Parts, appeal_id: UUID, request: ApplicantRequest, response_model: type[Result]
) -> ActionResult[Result] | None:
    """Return the result of the same request made before. Raises IdempotencyKeyReused."""
    repeatable = repeatable_request(parts, appeal_id, request)
    if repeatable is None:
        return None
    async with parts.units.read() as work:
        earlier = (await parts.idempotency.find(work.session, [repeatable])).get(repeatable)
    return None if earlier is None else ActionResult(response_model.model_validate_json(earlier.body), replayed=True)


def _deny_and_follow(appeal: Appeal, reason: str | None) -> Condition:
    async def condition(work: UnitOfWork, new_id: UUID) -> None:
        tracking = await records.lock_tracking(work.session, appeal.id)
        _check_answered(tracking)
        await _deny(work, tracking, reason, new_id)
        await copy_confirmed(work, appeal, new_id)

    return condition


def _reopen_and_follow(appeal: Appeal, reason: str) -> Condition:
    async def condition(work: UnitOfWork, new_id: UUID) -> None:
        tracking = await records.lock_tracking(work.session, appeal.id)
        if tracking["status"] not in policy().reopening.statuses:
            raise NotReopenable
        if tracking["followed_by"] is not None:
            status = await records.status_of(work.session, tracking["followed_by"])
            if status is None or not is_finished(status):  # None: a concurrent transaction is storing it
                raise AlreadyReopened
        if tracking["status"] == ANSWERED and tracking["verdict"] is None:
            await _deny(work, tracking, reason, new_id)
        else:
            tracking["followed_by"] = new_id
            await store_tracking(work, tracking, work.ids.new(), "appeal-reopened")
        await copy_confirmed(work, appeal, new_id)

    return condition


def _check_answered(tracking: TrackingRow) -> None:
    if tracking["status"] != ANSWERED or tracking["answer_id"] is None:
        raise NotAnswered
    if tracking["verdict"] is not None:
        raise OutcomeGiven


async def _deny(work: UnitOfWork, tracking: TrackingRow, reason: str | None, followed_by: UUID | None) -> None:
    """Record that the answer does not settle the appeal. Where a new appeal follows, routing closes the case and sets the status."""
    if reason is not None:
        await store_message(work, tracking["appeal_id"], MessageKind.REASON, reason)
    tracking["verdict"] = Verdict.NOT_RESOLVED
    if followed_by is not None:
        tracking["followed_by"] = followed_by
    event = OutcomeDenied(appeal_id=tracking["appeal_id"], answer_id=tracking["answer_id"], followed_by=followed_by)
    await publish_change(work, tracking, event, timeline_type=OutcomeDenied.FACT, keeps_status=followed_by is not None)
