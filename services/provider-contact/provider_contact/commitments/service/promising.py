"""What a provider and the Fund do: promise something by a day, and release the provider from a promise."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from provider_contact.commitments import events, repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.errors import CommitmentEnded, TooManyPromises
from provider_contact.commitments.models import Commitment
from provider_contact.commitments.policy import commitment_policy
from provider_contact.commitments.service.flags import EXCUSABLE, refresh_flags
from provider_contact.inquiries.codes import InquiryAction, InquiryFlag
from provider_contact.inquiries.schemas.commands import Excuse, MakePromise
from provider_contact.inquiries.service import ActionContext, ActionHandler, set_flag
from provider_contact.inquiries.service.entries import enter
from shared.domain.regions import regions
from shared.errors import InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork

TABLE, FIELD = "commitment", "text"


async def promise(
    work: UnitOfWork, *, inquiry_id: UUID, appeal_id: UUID, provider_id: UUID, region: str, language: str, text: str, due_on: date
) -> UUID:
    """Store the promise, sealed, and publish `commitment-made`; return its id. The inquiry is locked.

    Raises InvalidInput for a day that has passed or is too far away, TooManyPromises.
    """
    policy, now = commitment_policy(), work.clock.now()
    zone = regions()[region].timezone
    today = now.astimezone(zone).date()
    if due_on < today:
        raise InvalidInput.field("due_on", "too-early", "This day has passed.")
    if due_on > today + timedelta(days=policy.furthest):
        raise InvalidInput.field("due_on", "too-late", f"Choose a day within {policy.furthest} days from today.")
    if await repository.count_running(work.session, inquiry_id) >= policy.most:
        raise TooManyPromises
    commitment_id = work.ids.new()
    commitment = Commitment(
        commitment_id=commitment_id,
        inquiry_id=inquiry_id,
        appeal_id=appeal_id,
        provider_id=provider_id,
        language=language,
        text=work.sealer.seal(TABLE, commitment_id, FIELD, text.encode()),
        due_on=due_on,
        status=CommitmentStatus.OPEN,
        made_at=now,
        next_step_at=datetime.combine(due_on, policy.ask_at, zone).astimezone(UTC),
    )
    work.session.add(commitment)
    work.publish(events.commitment_made(commitment))
    return commitment_id


async def excuse(work: UnitOfWork, *, inquiry_id: UUID, commitment_id: UUID, reason: str, subject: str) -> None:
    """Release the provider from a promise of this inquiry, and publish `commitment-ended`. `subject`: the clerk who decides.

    Raises NotFound for a promise of another inquiry, CommitmentEnded for one with a result.
    """
    commitment = (await repository.commitments_for_update(work.session, [commitment_id])).get(commitment_id)
    if commitment is None or commitment.inquiry_id != inquiry_id:
        raise NotFound
    if commitment.status not in EXCUSABLE:
        raise CommitmentEnded
    commitment.status, commitment.next_step_at, commitment.ended_at = CommitmentStatus.EXCUSED, None, work.clock.now()
    commitment.excuse_reason, commitment.excused_by = reason, subject
    work.publish(events.commitment_ended(commitment))


async def _carry_out_promise(context: ActionContext, command: MakePromise) -> None:
    inquiry = context.inquiry
    await promise(
        context.work,
        inquiry_id=inquiry.inquiry_id,
        appeal_id=inquiry.appeal_id,
        provider_id=inquiry.provider_id,
        region=context.appeal.region,
        language=command.language,
        text=command.text,
        due_on=command.due_on,
    )
    set_flag(inquiry, InquiryFlag.OPEN_COMMITMENT, value=True)
    enter(context, InquiryAction.PROMISE, day=command.due_on)


async def _carry_out_excuse(context: ActionContext, command: Excuse) -> None:
    inquiry = context.inquiry
    await excuse(
        context.work,
        inquiry_id=inquiry.inquiry_id,
        commitment_id=command.commitment_id,
        reason=command.reason,
        subject=context.principal.subject,
    )
    await refresh_flags(context.work, {inquiry.inquiry_id: inquiry})
    enter(context, InquiryAction.EXCUSE, code=command.reason)


PROMISE: Final = ActionHandler(MakePromise, _carry_out_promise)
EXCUSE: Final = ActionHandler(Excuse, _carry_out_excuse)
