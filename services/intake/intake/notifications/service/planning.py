"""What is to be told, written down in the transaction that makes it true. Nothing is opened or sent here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.notifications import repository
from intake.notifications.service.policy import facts_told, policy, routes
from intake.register.schemas import CodePurpose
from intake.register.service.ports import TrackedChange
from intake.register.service.withdrawal import OVERRULED
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

APPLICANT: Final = "APPLICANT"
ANY: Final = "ANY"
CODE_FACTS: Final[dict[CodePurpose, str]] = {"contact-confirmation": "code", "withdrawal": "withdrawal-code"}


@dataclass(frozen=True, slots=True)
class Told:
    """A fact of an appeal that somebody may have to be told."""

    event_id: UUID
    appeal_id: UUID
    fact: str


async def plan_batch(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Plan what the batch's events make necessary to send, in two statements; most batches need none."""
    await plan(work.session, _facts(batch), work.clock.now())


async def plan_changes(work: UnitOfWork, batch: Batch[Any], changes: Sequence[TrackedChange]) -> None:
    """Plan the notices of a batch of other services' events, and of the withdrawals that they overrule."""
    late = (each.received for each in changes if each.overrules_withdrawal)
    overruled = [Told(derived(one.envelope.id, OVERRULED), one.event.appeal_id, OVERRULED) for one in late]
    await plan(work.session, [*_facts(batch), *overruled], work.clock.now())


def _facts(batch: Batch[Any]) -> list[Told]:
    return [Told(one.envelope.id, one.event.appeal_id, one.event.FACT) for one in batch.received if one.event.FACT in facts_told()]


async def plan(session: AsyncSession, facts: Iterable[Told], now: datetime) -> None:
    """Plan a notice of each fact that the routes name to the applicant, if there is a way to them; planned again, it is the same one.

    The applicant's chosen way is taken if the fact may go there, else the way is found when it is sent. Nobody is told of imported appeals,
    nor on ways that are others' to serve.
    """
    wanted = [one for one in facts if one.fact in facts_told()]
    if not wanted:
        return
    addressees = await repository.addressees(session, {one.appeal_id for one in wanted})
    rows = []
    for one in wanted:
        chosen = addressees.get(one.appeal_id)
        if one.appeal_id not in addressees or chosen in policy().silent:
            continue
        channel = chosen if chosen and (one.fact, APPLICANT, chosen) in routes() else ANY
        rows.append(new_row(derived(one.event_id, APPLICANT), one, channel, now))
    await repository.add(session, sorted(rows, key=lambda row: str(row["id"])))


async def send_code(
    session: AsyncSession,
    parts: Parts,
    *,
    appeal_id: UUID,
    channel: Literal["SMS", "EMAIL"],
    address: str,
    code: str,
    language: str,
    purpose: CodePurpose,
) -> None:
    """Have a code sent to this address and nowhere else, at once, at any hour; it leaves when the caller's transaction is committed.

    The notice says what the code is for, so that nobody is talked into giving away one that does something else.
    """
    notice_id, now = parts.ids.new(), parts.clock.now()
    row = new_row(notice_id, Told(notice_id, appeal_id, CODE_FACTS[purpose]), channel, now)
    row |= {
        "language": language,
        "address": parts.sealer.seal("notice", notice_id, "address", address.encode()),
        "secret": parts.sealer.seal("notice", notice_id, "secret", code.encode()),
    }
    await repository.add(session, [row])


def new_row(notice_id: UUID, told: Told, channel: str, now: datetime) -> dict[str, Any]:
    """A planned notice, due at once."""
    return {
        "id": notice_id,
        "appeal_id": told.appeal_id,
        "event_id": told.event_id,
        "recipient": APPLICANT,
        "channel": channel,
        "fact": told.fact,
        "language": None,
        "address": None,
        "secret": None,
        "phone_key": None,
        "state": "PLANNED",
        "reason": None,
        "attempts": 0,
        "planned_at": now,
        "due_at": now,
        "sent_at": None,
        "delivered_at": None,
        "provider_ref": None,
    }
