"""What a provider and the Fund do: promise something by a day, and release the provider from a promise."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from provider_contact.commitments import events, repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.errors import CommitmentEnded, TooManyPromises
from provider_contact.commitments.models import Commitment
from provider_contact.commitments.policy import commitment_policy, excuse_reasons
from shared.domain.regions import regions
from shared.errors import InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork

TABLE, FIELD = "commitment", "text"
_EXCUSABLE = frozenset({CommitmentStatus.OPEN, CommitmentStatus.DUE, CommitmentStatus.NO_ANSWER})


async def promise(
    work: UnitOfWork, *, inquiry_id: UUID, appeal_id: UUID, provider_id: UUID, region: str, language: str, text: str, due_on: date
) -> UUID:
    """Store the promise, sealed, and publish `commitment-made`; return its id. The caller has locked the inquiry.

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

    Raises InvalidInput for an unknown reason, NotFound for a promise of another inquiry, CommitmentEnded for one with a result.
    """
    if reason not in excuse_reasons():
        raise InvalidInput.field("reason", "unknown-code", "The value is not one of the known codes.")
    commitment = (await repository.commitments_for_update(work.session, [commitment_id])).get(commitment_id)
    if commitment is None or commitment.inquiry_id != inquiry_id:
        raise NotFound
    if commitment.status not in _EXCUSABLE:
        raise CommitmentEnded
    commitment.status, commitment.next_step_at, commitment.ended_at = CommitmentStatus.EXCUSED, None, work.clock.now()
    commitment.excuse_reason, commitment.excused_by = reason, subject
    work.publish(events.commitment_ended(commitment))
