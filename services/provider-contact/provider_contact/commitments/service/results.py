"""What becomes of promises: the day comes, the applicant answers, or nobody does."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from provider_contact.commitments import events, repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.errors import UnknownCommitment
from provider_contact.commitments.models import Commitment
from provider_contact.commitments.policy import commitment_policy
from provider_contact.commitments.service.flags import EXCUSABLE, refresh_flags
from provider_contact.inquiries.service import LockedInquiries, appeals_in, lock_inquiries
from shared.contracts import CommitmentAnswered
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork
from shared.visibility import EVERYTHING

STEP_BATCH = 200  # promises in one transaction
NEVER = datetime.max.replace(tzinfo=UTC)


async def apply_answers(work: UnitOfWork, answers: Sequence[Received[CommitmentAnswered]]) -> None:
    """Record the first answer about each promise, and publish `commitment-ended`. Later answers change nothing.

    An answer after the term is still the applicant's word, and counts: silence decided nothing.
    A promise can be kept before its day but not be broken: such an answer changes nothing, and the applicant is asked on the day.
    Raises UnknownCommitment.
    """
    wanted = list({received.event.commitment_id for received in answers})
    inquiries = await lock_inquiries(work, await repository.inquiries_of(work.session, wanted))
    locked = await repository.commitments_for_update(work.session, wanted)
    changed: set[UUID] = set()
    for received in answers:
        event = received.event
        commitment = locked.get(event.commitment_id)
        if commitment is None:
            raise UnknownCommitment
        is_early = commitment.status is CommitmentStatus.OPEN and not event.fulfilled
        if commitment.status not in EXCUSABLE or is_early:
            continue
        commitment.status = CommitmentStatus.KEPT if event.fulfilled else CommitmentStatus.BROKEN
        commitment.next_step_at, commitment.ended_at, commitment.method = None, received.envelope.time, event.method
        work.publish(events.commitment_ended(commitment), cause=received.envelope)
        changed.add(commitment.inquiry_id)
    await _store_flags(work, {each: inquiries[each] for each in changed})


async def take_steps(work: UnitOfWork) -> int:
    """Move at most `STEP_BATCH` promises on: to DUE on their day, to NO_ANSWER when the term to answer is over. Each is published once.

    Returns how many were moved.
    """
    now = work.clock.now()
    waiting = await repository.waiting_commitments(work.session, now, STEP_BATCH)
    inquiries = await lock_inquiries(work, set(waiting.values()), skip_locked=True)
    locked = await repository.commitments_for_update(
        work.session, [each for each, inquiry_id in waiting.items() if inquiry_id in inquiries]
    )
    moved = [locked[each] for each in waiting if each in locked and (locked[each].next_step_at or NEVER) <= now]
    regions = await repository.regions_of(work.session, appeals_in(EVERYTHING, None), [commitment.appeal_id for commitment in moved])
    for commitment in moved:
        if commitment.status is CommitmentStatus.OPEN:
            _ask(work, commitment, regions[commitment.appeal_id])
        else:
            commitment.status, commitment.next_step_at, commitment.ended_at = CommitmentStatus.NO_ANSWER, None, now
            work.publish(events.commitment_ended(commitment))
    await _store_flags(work, {commitment.inquiry_id: inquiries[commitment.inquiry_id] for commitment in moved})
    return len(moved)


async def _store_flags(work: UnitOfWork, inquiries: LockedInquiries) -> None:
    """Set the flags of inquiries whose promises have changed, as new versions."""
    await refresh_flags(work, inquiries)
    for inquiry in inquiries.values():
        inquiry.version += 1


def _ask(work: UnitOfWork, commitment: Commitment, region: str) -> None:
    last_day = due_on(commitment.due_on, policies()[commitment_policy().answer_policy], planning_calendar()).due_on
    commitment.status, commitment.next_step_at = CommitmentStatus.DUE, due_at(last_day, region)
    work.publish(events.commitment_due(commitment, commitment.next_step_at))
