"""What becomes of promises: the day comes, the applicant answers, or nobody does."""

from collections.abc import Sequence

from provider_contact.commitments import events, repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.errors import UnknownCommitment
from provider_contact.commitments.models import Commitment
from provider_contact.commitments.policy import commitment_policy
from provider_contact.inquiries.service import appeals_in
from shared.contracts import CommitmentAnswered
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork
from shared.visibility import EVERYTHING

STEP_BATCH = 200  # promises in one transaction
_UNDECIDED = frozenset({CommitmentStatus.OPEN, CommitmentStatus.DUE, CommitmentStatus.NO_ANSWER})
"""The applicant's first answer counts. One after the term is still the applicant's word, and silence decided nothing."""


async def apply_answers(work: UnitOfWork, answers: Sequence[Received[CommitmentAnswered]]) -> None:
    """Record the first answer about each promise, and publish `commitment-ended`. Later answers change nothing.

    A promise can be kept before its day but not be broken: such an answer changes nothing, and the applicant is asked on the day.
    Raises UnknownCommitment.
    """
    locked = await repository.commitments_for_update(work.session, list({received.event.commitment_id for received in answers}))
    for received in answers:
        event = received.event
        commitment = locked.get(event.commitment_id)
        if commitment is None:
            raise UnknownCommitment
        is_early = commitment.status is CommitmentStatus.OPEN and not event.fulfilled
        if commitment.status not in _UNDECIDED or is_early:
            continue
        commitment.status = CommitmentStatus.KEPT if event.fulfilled else CommitmentStatus.BROKEN
        commitment.next_step_at, commitment.ended_at, commitment.method = None, received.envelope.time, event.method
        work.publish(events.commitment_ended(commitment), cause=received.envelope)


async def take_steps(work: UnitOfWork) -> int:
    """Move at most `STEP_BATCH` promises on: to DUE on their day, to NO_ANSWER when the term to answer is over. Each is published once.

    Returns how many were moved.
    """
    waiting = await repository.waiting_commitments(work.session, work.clock.now(), STEP_BATCH)
    places = await repository.regions_of(work.session, appeals_in(EVERYTHING, None), [commitment.appeal_id for commitment in waiting])
    for commitment in waiting:
        if commitment.status is CommitmentStatus.OPEN:
            _ask(work, commitment, places[commitment.appeal_id])
        else:
            commitment.status, commitment.next_step_at = CommitmentStatus.NO_ANSWER, None
            commitment.ended_at = work.clock.now()
            work.publish(events.commitment_ended(commitment))
    return len(waiting)


def _ask(work: UnitOfWork, commitment: Commitment, region: str) -> None:
    last_day = due_on(commitment.due_on, policies()[commitment_policy().answer_policy], planning_calendar()).due_on
    commitment.status, commitment.next_step_at = CommitmentStatus.DUE, due_at(last_day, region)
    work.publish(events.commitment_due(commitment, commitment.next_step_at))
