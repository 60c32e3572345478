"""The applicant's reaction to the answer: confirmation or denial, rating, and reopening.

Confirming is not withdrawing. Each action is for an appeal that its applicant has opened, on any channel.
"""

from uuid import UUID

from intake.register.codes import MessageKind, Verdict
from intake.register.errors import AlreadyReopened, NotAnswered, NotReopenable, OutcomeGiven
from intake.register.models import Appeal
from intake.register.policy import policy, rights
from intake.register.repository import applicant as records
from intake.register.schemas import ConfirmationIn, FeedbackIn, OutcomeResult, Rated, Reopened, ReopeningIn
from intake.register.schemas.rows import ResponseEnvelope, TrackingRow
from intake.register.service.progress import lock_appeal, publish_change, statement_codes, store_message, store_tracking
from intake.register.service.registration import Condition
from intake.register.service.reopening import FollowUp, filing_of_follow_up
from intake.register.service.rights import ANSWERED, RATED, is_finished
from intake.register.service.verification import copy_confirmed
from shared.contracts import AppealRated, OutcomeConfirmed, OutcomeDenied
from shared.unit_of_work import UnitOfWork


async def confirm(work: UnitOfWork, appeal_id: UUID, confirmation: ConfirmationIn) -> OutcomeResult:
    """Record whether the answer settles the appeal. A denied answer continues in the same case.

    Call `follow_up_of_denial` first: a denied answer may continue in a new appeal. Raises NotAnswered and OutcomeGiven.
    """
    tracking = await lock_appeal(work, appeal_id)
    _check_answered(tracking)
    facts = await records.appeal_facts(work.session, appeal_id)
    if confirmation.outcome == Verdict.RESOLVED:
        tracking["verdict"] = Verdict.RESOLVED
        event = OutcomeConfirmed.model_validate({"answer_id": tracking["answer_id"], **statement_codes(tracking, facts)})
        await publish_change(work, tracking, event, timeline_type=OutcomeConfirmed.FACT)
    else:
        await _deny(work, tracking, confirmation.reason, None)
    return OutcomeResult.model_validate({"number": facts.number, "status": tracking["status"], "outcome": confirmation.outcome})


async def follow_up_of_denial(work: UnitOfWork, appeal_id: UUID, reason: str | None) -> FollowUp | None:
    """Return the new appeal in which a denied answer continues; None: it continues in its own case, as that of a consultation does.

    Nothing is locked or written: the condition checks again. Raises NotAnswered, OutcomeGiven and InvalidInput.
    """
    appeal, tracking = await _current(work, appeal_id)
    if rights(tracking["kind"]).keeps_case:
        return None
    _check_answered(tracking)
    envelope: ResponseEnvelope = {"number": appeal.number, "status": tracking["status"], "outcome": Verdict.NOT_RESOLVED}
    return FollowUp(await filing_of_follow_up(work, appeal, tracking, reason), _deny_and_follow(appeal, reason), envelope)


async def reopen(work: UnitOfWork, appeal_id: UUID, reopening: ReopeningIn) -> Reopened:
    """Continue a case by denying its answer. Call `follow_up_of_reopening` first: others continue in a new appeal.

    Raises NotAnswered and OutcomeGiven.
    """
    tracking = await lock_appeal(work, appeal_id)
    _check_answered(tracking)
    await _deny(work, tracking, reopening.reason, None)
    number = await records.number_of_appeal(work.session, appeal_id)
    return Reopened(number=number or "", status=tracking["status"])


async def follow_up_of_reopening(work: UnitOfWork, appeal_id: UUID, reason: str) -> FollowUp | None:
    """Return the new appeal for new facts (АППК art. 70(5)), one at a time; None: the answer to a consultation is denied in its case.

    Nothing is locked or written: the condition checks again. Raises NotReopenable and InvalidInput.
    """
    appeal, tracking = await _current(work, appeal_id)
    if rights(tracking["kind"]).keeps_case and tracking["status"] == ANSWERED:
        return None
    if tracking["status"] not in policy().reopening.statuses:
        raise NotReopenable
    envelope: ResponseEnvelope = {"number": appeal.number, "status": tracking["status"]}
    return FollowUp(await filing_of_follow_up(work, appeal, tracking, reason), _reopen_and_follow(appeal, reason), envelope)


async def rate(work: UnitOfWork, appeal_id: UUID, feedback: FeedbackIn) -> Rated:
    """Store the applicant's rating of an answered appeal. The latest rating counts; repeating the same score publishes nothing.

    Raises NotAnswered and TooMany.
    """
    tracking = await lock_appeal(work, appeal_id)
    if tracking["status"] not in RATED:
        raise NotAnswered
    if feedback.comment is not None:
        await store_message(work, appeal_id, MessageKind.COMMENT, feedback.comment)
    if tracking["score"] != feedback.score:
        tracking["score"] = feedback.score
        await publish_change(work, tracking, AppealRated(appeal_id=appeal_id, score=feedback.score), timeline_type=None)
    number = await records.number_of_appeal(work.session, appeal_id)
    return Rated(number=number or "", status=tracking["status"], score=feedback.score)


async def _current(work: UnitOfWork, appeal_id: UUID) -> tuple[Appeal, TrackingRow]:
    """Return the appeal and its tracking row without a lock."""
    return await records.whole_appeal(work.session, appeal_id), await records.tracking_of(work.session, appeal_id)


def _deny_and_follow(appeal: Appeal, reason: str | None) -> Condition:
    async def condition(work: UnitOfWork, new_id: UUID) -> None:
        tracking = await lock_appeal(work, appeal.id)
        _check_answered(tracking)
        await _deny(work, tracking, reason, new_id)
        await copy_confirmed(work, appeal, new_id)

    return condition


def _reopen_and_follow(appeal: Appeal, reason: str) -> Condition:
    async def condition(work: UnitOfWork, new_id: UUID) -> None:
        tracking = await lock_appeal(work, appeal.id)
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
