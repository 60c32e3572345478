"""Consultations that an operator closes by one key: each waits for some seconds, in which the operator can take it back.

Nothing is registered or published before. The waiting row is deleted by the transaction that stores the appeal, so a consultation is
either registered once or taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic_core import from_json, to_json

from intake.channels.phone import repository
from intake.channels.phone.models import HeldConsultation
from intake.channels.phone.policy import call_policy
from intake.register.schemas import AppealIn
from intake.register.service.admission import Admission
from intake.register.service.registration import Condition
from shared.auth import Principal
from shared.errors import NotFound
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

FILE_BATCH = 50  # consultations registered at once
RETRY_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DueConsultation:
    """A consultation whose wait is over. `key`: the Idempotency-Key under which it is registered."""

    id: UUID
    appeal: AppealIn
    admission: Admission
    incident: UUID | None
    """The incident that the caller spoke of."""

    @property
    def key(self) -> str:
        return str(self.id)


async def hold(
    work: UnitOfWork, key: str, appeal: AppealIn, admission: Admission, operator: Principal, *, incident: UUID | None = None
) -> bool:
    """Store a checked consultation until its wait is over. Return False if another one was closed by the same form: the first counts."""
    held_id, topic = UUID(key), appeal.topic or ""
    content = to_json(
        {"appeal": appeal.model_dump(mode="json", exclude_unset=True), "admission": admission._asdict(), "incident": incident}
    )
    row = HeldConsultation(
        id=held_id,
        operator=operator.subject,
        topic=topic,
        due_at=work.clock.now() + call_policy().undo,
        content=work.sealer.seal("held_consultation", held_id, "content", content),
    )
    return await repository.hold_consultation(work.session, row) == topic


async def waiting(work: UnitOfWork, operator: Principal) -> Sequence[HeldConsultation]:
    """Return the consultations that an operator can still take back, the latest first."""
    now = work.clock.now()
    return await repository.held_by(work.session, operator.subject, due_after=now, due_by=now + call_policy().undo)


async def undo(work: UnitOfWork, held_id: UUID, operator: Principal) -> bool:
    """Take a consultation back. Return False for one that is registered already, or is another operator's."""
    return await repository.delete_held(work.session, held_id, operator.subject)


async def due(work: UnitOfWork) -> Sequence[HeldConsultation]:
    """Return consultations whose wait is over, longest due first."""
    return await repository.due_consultations(work.session, work.clock.now(), FILE_BATCH)


def still_held(consultation: DueConsultation) -> Condition:
    """Return the condition of registration that ends the wait. It raises NotFound where the operator took the consultation back."""

    async def condition(work: UnitOfWork, _appeal_id: UUID) -> None:
        if not await repository.delete_held(work.session, consultation.id):
            raise NotFound
        if consultation.incident is not None:
            await repository.count_caller(work.session, consultation.incident)

    return condition


async def drop(work: UnitOfWork, held_id: UUID) -> None:
    """Delete a consultation that was registered before under the same key."""
    await repository.delete_held(work.session, held_id)


async def postpone(work: UnitOfWork, held_id: UUID) -> None:
    """Try a consultation that cannot be registered again later."""
    await repository.postpone_held(work.session, held_id, work.clock.now() + RETRY_AFTER)


def opened(sealer: Sealer, row: HeldConsultation) -> DueConsultation:
    """Return a consultation with its content. Raises SealError, and ValueError for content that is not valid any more."""
    content = from_json(sealer.open("held_consultation", row.id, "content", row.content))
    incident = UUID(content["incident"]) if content["incident"] else None
    return DueConsultation(row.id, AppealIn.model_validate(content["appeal"]), Admission(**content["admission"]), incident)


def seconds_left(row: HeldConsultation, now: datetime) -> int:
    """Return the whole seconds in which a consultation can be taken back."""
    return max(int((row.due_at - now).total_seconds()), 0)
