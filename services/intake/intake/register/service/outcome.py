"""What the applicant says of the answer: that it settles the matter or not, what it is worth, and that the matter comes up again.

Confirming is not withdrawing. Each of these is for an appeal that its applicant has opened, on whatever channel.
"""

from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.errors import AlreadyReopened, NotAnswered, NotReopenable, OutcomeGiven
from intake.register.models import Appeal
from intake.register.repository import applicant as records
from intake.register.schemas import ConfirmationIn, FeedbackIn, OutcomeTold, Rated, Reopened, ReopeningIn
from intake.register.service.progress import Asked, Done, Tracking, act, keep, request_of, tell, write_down
from intake.register.service.registration import Condition, Register
from intake.register.service.reopening import go_on
from intake.register.service.rights import ANSWERED, RATED, is_finished, policy, rights
from intake.register.service.verification import carry_confirmed
from shared.contracts import AppealRated, OutcomeConfirmed, OutcomeDenied
from shared.service import Parts

RESOLVED: Final = "RESOLVED"
NOT_RESOLVED: Final = "NOT_RESOLVED"

Outcome = TypeVar("Outcome", OutcomeTold, Reopened)


async def confirm(parts: Parts, register: Register, appeal_id: UUID, said: ConfirmationIn, *, key: str | None = None) -> Done[OutcomeTold]:
    """The answer settles the matter, or does not: then a consultation goes on in its case, anything else in a new appeal.

    Raises NotAnswered, OutcomeGiven, InvalidInput and IdempotencyKeyReused.
    """
    asked = Asked("confirmation", said, key)
    if said.outcome == NOT_RESOLVED:
        appeal, tracking = await _now(parts, appeal_id)
        told = {"number": appeal.number, "status": tracking["status"], "outcome": NOT_RESOLVED}
        if (earlier := await _before(parts, appeal_id, asked, OutcomeTold)) is not None:
            return earlier
        if not rights(tracking["kind"]).stays:
            _answered(tracking)
            condition = _denying(parts, appeal, said.reason)
            talon = await go_on(parts, register, appeal, tracking, asked, said.reason, condition, told)
            return Done(OutcomeTold.model_validate_json(talon.body), talon.replayed)

    async def work(session: AsyncSession, tracking: Tracking) -> OutcomeTold:
        _answered(tracking)
        if said.outcome == RESOLVED:
            tracking["verdict"] = RESOLVED
            event = OutcomeConfirmed(appeal_id=appeal_id, answer_id=tracking["answer_id"])
            await tell(session, parts, tracking, event, kept=OutcomeConfirmed.FACT)
        else:
            await _deny(session, parts, tracking, said.reason, None)
        number = await records.number_of_appeal(session, appeal_id)
        return OutcomeTold.model_validate({"number": number, "status": tracking["status"], "outcome": said.outcome})

    return await act(parts, appeal_id, asked, OutcomeTold, work)


async def reopen(parts: Parts, register: Register, appeal_id: UUID, said: ReopeningIn, *, key: str | None = None) -> Done[Reopened]:
    """The matter comes up again with new facts (АППК art. 70(5)): a new appeal, one at a time; a consultation just answered is denied.

    Raises NotReopenable, AlreadyReopened and IdempotencyKeyReused.
    """
    asked = Asked("reopening", said, key)
    appeal, tracking = await _now(parts, appeal_id)
    told = {"number": appeal.number, "status": tracking["status"]}
    if (earlier := await _before(parts, appeal_id, asked, Reopened)) is not None:
        return earlier
    if not (rights(tracking["kind"]).stays and tracking["status"] == ANSWERED):
        if tracking["status"] not in policy().reopening.statuses:
            raise NotReopenable
        talon = await go_on(parts, register, appeal, tracking, asked, said.reason, _reopening(parts, appeal, said.reason), told)
        return Done(Reopened.model_validate_json(talon.body), talon.replayed)

    async def work(session: AsyncSession, locked: Tracking) -> Reopened:
        _answered(locked)
        await _deny(session, parts, locked, said.reason, None)
        return Reopened(number=appeal.number, status=locked["status"])

    return await act(parts, appeal_id, asked, Reopened, work)


async def rate(parts: Parts, appeal_id: UUID, said: FeedbackIn, *, key: str | None = None) -> Done[Rated]:
    """What the applicant makes of it, once it is answered; the latest holds, a second tap on the same is none.

    Raises NotAnswered, TooMany and IdempotencyKeyReused.
    """

    async def work(session: AsyncSession, tracking: Tracking) -> Rated:
        if tracking["status"] not in RATED:
            raise NotAnswered
        if said.comment is not None:
            await write_down(session, parts, appeal_id, "COMMENT", said.comment)
        if tracking["score"] != said.score:
            tracking["score"] = said.score
            await tell(session, parts, tracking, AppealRated(appeal_id=appeal_id, score=said.score), kept=None)
        number = await records.number_of_appeal(session, appeal_id)
        return Rated(number=number or "", status=tracking["status"], score=said.score)

    return await act(parts, appeal_id, Asked("feedback", said, key), Rated, work)


async def _now(parts: Parts, appeal_id: UUID) -> tuple[Appeal, Tracking]:
    """The appeal and where it stands, unlocked: what is decided by it is looked at again in the transaction."""
    async with parts.database.read() as session:
        return await records.whole_appeal(session, appeal_id), await records.tracking_of(session, appeal_id)


async def _before(parts: Parts, appeal_id: UUID, asked: Asked, answer: type[Outcome]) -> Done[Outcome] | None:
    """The answer to the same request made before. Raises IdempotencyKeyReused."""
    request = request_of(parts, appeal_id, asked)
    if request is None:
        return None
    async with parts.database.read() as session:
        kept = (await parts.idempotency.find(session, [request])).get(request)
    return None if kept is None else Done(answer.model_validate_json(kept.body), replayed=True)


def _denying(parts: Parts, appeal: Appeal, reason: str | None) -> Condition:
    async def condition(session: AsyncSession, new_id: UUID) -> None:
        tracking = await records.lock_tracking(session, appeal.id)
        _answered(tracking)
        await _deny(session, parts, tracking, reason, new_id)
        await carry_confirmed(session, parts, appeal, new_id)

    return condition


def _reopening(parts: Parts, appeal: Appeal, reason: str) -> Condition:
    async def condition(session: AsyncSession, new_id: UUID) -> None:
        tracking = await records.lock_tracking(session, appeal.id)
        if tracking["status"] not in policy().reopening.statuses:
            raise NotReopenable
        if tracking["followed_by"] is not None:
            status = await records.status_of(session, tracking["followed_by"])
            if status is None or not is_finished(status):  # none: it is being stored just now
                raise AlreadyReopened
        if tracking["status"] == ANSWERED and tracking["verdict"] is None:
            await _deny(session, parts, tracking, reason, new_id)
        else:
            tracking["followed_by"] = new_id
            await keep(session, parts, tracking, parts.ids.new(), "appeal-reopened")
        await carry_confirmed(session, parts, appeal, new_id)

    return condition


def _answered(tracking: Tracking) -> None:
    if tracking["status"] != ANSWERED or tracking["answer_id"] is None:
        raise NotAnswered
    if tracking["verdict"] is not None:
        raise OutcomeGiven


async def _deny(session: AsyncSession, parts: Parts, tracking: Tracking, reason: str | None, followed_by: UUID | None) -> None:
    """Say that the answer does not settle it. Where a new appeal follows, the status is left to routing, which closes the case."""
    if reason is not None:
        await write_down(session, parts, tracking["appeal_id"], "REASON", reason)
    tracking["verdict"] = NOT_RESOLVED
    if followed_by is not None:
        tracking["followed_by"] = followed_by
    event = OutcomeDenied(appeal_id=tracking["appeal_id"], answer_id=tracking["answer_id"], followed_by=followed_by)
    await tell(session, parts, tracking, event, kept=OutcomeDenied.FACT, stays=followed_by is not None)
