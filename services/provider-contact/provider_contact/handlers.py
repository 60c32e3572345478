"""What this service does with the others' events."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact import repository
from provider_contact.errors import UnknownAppeal
from provider_contact.service.directory import Directory, candidate
from provider_contact.service.inquiries import Occasion, send_inquiries
from provider_contact.service.matches import decide_imported, decide_registered, matched
from shared.contracts import (
    AppealImported,
    AppealRegistered,
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    TierRaised,
)
from shared.messaging import outbox
from shared.messaging.handling import Batch, Handlers, Preparations, Received
from shared.service import Parts


async def note_appeals(session: AsyncSession, batch: Batch[AppealRegistered]) -> None:
    """Remember what an inquiry will need; tell a typed name's provider, or keep the candidates for a clerk."""
    appeals, waiting = [], []
    for one in batch.received:
        decision = batch.prepared.get(one.envelope.id)
        hit = decision.provider if decision else None
        appeals.append(_appeal_row(one.event, hit.listed.provider_id if hit else one.event.provider_id))
        if hit:
            outbox.append(session, matched(one.event.appeal_id, hit), cause=one.envelope)
        elif decision:
            candidates = [candidate(each) for each in decision.candidates]
            waiting.append({"appeal_id": one.event.appeal_id, "candidates": candidates, "noted_at": one.envelope.time})
    await repository.add_appeals(session, appeals)
    await repository.add_matches(session, waiting)


def _appeal_row(event: AppealRegistered, provider_id: UUID | None) -> dict[str, Any]:
    return {
        "appeal_id": event.appeal_id,
        "number": event.number,
        "region": event.region,
        "tier": None,
        "kind": None,
        "category": None,
        "provider_id": provider_id,
        "discloses": event.discloses_to_provider,
        "received_at": event.received_at,
        "closed": False,
    }


async def tell_imported(session: AsyncSession, batch: Batch[AppealImported]) -> None:
    """An old appeal's provider, if it was found. It is closed: nothing else is kept or asked."""
    for one in batch.received:
        if (match := batch.prepared.get(one.envelope.id)) is not None:
            outbox.append(session, match, cause=one.envelope)


async def take_routing(session: AsyncSession, batch: Batch[AppealRouted]) -> None:
    """The kind and category decide whether the provider is asked."""
    changes = {one.event.appeal_id: _classified(one.event) | {"region": one.event.region} for one in batch.received}
    await _take_classification(session, batch, changes)


async def take_correction(session: AsyncSession, batch: Batch[ClassificationCorrected]) -> None:
    """A corrected appeal may turn out to be for the provider."""
    await _take_classification(session, batch, {one.event.appeal_id: _classified(one.event) for one in batch.received})


def _classified(event: AppealRouted | ClassificationCorrected) -> dict[str, Any]:
    return {"kind": event.kind, "category": event.category, "tier": event.tier}


async def _take_classification(session: AsyncSession, batch: Batch[Any], changes: Mapping[UUID, dict[str, Any]]) -> None:
    known = await repository.appeals_for_update(session, changes)
    if missing := changes.keys() - known.keys():
        raise UnknownAppeal(f"{len(missing)} appeals were never registered here")
    await repository.change_appeals(session, changes)
    occasions = []
    for one in batch.received:
        now = known[one.event.appeal_id]._replace(**changes[one.event.appeal_id])
        occasions.append(Occasion(now, one.envelope.id, one.envelope))
    await send_inquiries(session, occasions, clock=batch.clock)


async def take_tier(session: AsyncSession, batch: Batch[TierRaised]) -> None:
    """Who sees an inquiry depends on its case's tier."""
    await repository.change_appeals(session, {one.event.appeal_id: {"tier": one.event.tier} for one in batch.received})


async def close(session: AsyncSession, batch: Batch[Any]) -> None:
    """What the provider had still to answer is asked no more; nobody is told, as the case is over, however it ended."""
    await repository.close_appeals(session, [one.event.appeal_id for one in batch.received], batch.clock.now())


HANDLERS: Handlers = {
    AppealRegistered: note_appeals,
    AppealImported: tell_imported,
    AppealRouted: take_routing,
    ClassificationCorrected: take_correction,
    TierRaised: take_tier,
    **dict.fromkeys((CaseClosed, CaseForwarded, CaseReturned, CaseTerminated, AppealWithdrawn), close),
}


def preparations(parts: Parts) -> Preparations:
    """Typed names are read from their owner and decided before any transaction is open."""
    directory = Directory(parts.database, parts.clock)

    async def registered(received: Sequence[Received[Any]]) -> Mapping[UUID, Any]:
        return await decide_registered(received, parts.contents, directory)

    async def imported(received: Sequence[Received[Any]]) -> Mapping[UUID, Any]:
        return await decide_imported(received, parts.contents, directory, parts.pepper)

    return {AppealRegistered: registered, AppealImported: imported}
