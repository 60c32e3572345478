"""Reactions of matching to events."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from provider_contact.directory.service import Directory
from provider_contact.inquiries.service import record_appeals
from provider_contact.matching import repository
from provider_contact.matching.events import provider_matched
from provider_contact.matching.models import NameMatchRow
from provider_contact.matching.service.decision import Decision
from provider_contact.matching.service.typed_names import decide_imported, decide_registered
from shared.contracts import AppealEvent, AppealImported, AppealRegistered, ProviderMatched
from shared.messaging.handling import Batch, Preparations, Received
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

E = TypeVar("E", bound=AppealEvent)


async def match_registered(work: UnitOfWork, batch: Batch[AppealRegistered]) -> None:
    """Store the appeals that concern a provider, and nothing of the others.

    Emit `provider-matched` for each typed name that the rule decides; store the candidates of the others.
    """
    registrations: list[tuple[AppealRegistered, UUID | None]] = []
    waiting: list[NameMatchRow] = []
    for received in batch.received:
        event = received.event
        if not event.concerns_provider:
            continue
        decision: Decision | None = batch.prepared.get(received.envelope.id)
        hit = decision.provider if decision else None
        registrations.append((event, hit.provider.provider_id if hit else event.provider_id))
        if decision and hit:
            matched = provider_matched(event.appeal_id, hit.provider.provider_id, hit.score, decision.method)
            work.publish(matched, cause=received.envelope)
        elif decision:
            waiting.append(_waiting(event.appeal_id, decision, received))
    await record_appeals(work, registrations)
    await repository.insert_matches(work.session, waiting)


def _waiting(appeal_id: UUID, decision: Decision, received: Received[AppealRegistered]) -> NameMatchRow:
    return {
        "appeal_id": appeal_id,
        "candidates": [{"provider_id": str(hit.provider.provider_id), "score": hit.score} for hit in decision.candidates],
        "noted_at": received.envelope.time,
    }


async def match_imported(work: UnitOfWork, batch: Batch[AppealImported]) -> None:
    """Emit `provider-matched` for imported appeals whose provider was found. They are closed, so nothing else is stored."""
    for received in batch.received:
        match: ProviderMatched | None = batch.prepared.get(received.envelope.id)
        if match is not None:
            work.publish(match, cause=received.envelope)


async def drop_waiting_names(work: UnitOfWork, batch: Batch[E]) -> None:
    """Delete the waiting names of cases that have ended: no clerk has to choose a provider for them."""
    await repository.delete_matches(work.session, [received.event.appeal_id for received in batch.received])


def preparations(parts: Parts) -> Preparations:
    """Return the functions that read and decide typed names before a transaction is open."""
    directory = Directory(parts.units)

    async def registered(received: Sequence[Received[AppealRegistered]]) -> Mapping[UUID, Decision]:
        return await decide_registered(received, parts.contents, directory, parts.pepper)

    async def imported(received: Sequence[Received[AppealImported]]) -> Mapping[UUID, ProviderMatched]:
        return await decide_imported(received, parts.contents, directory, parts.pepper)

    return {AppealRegistered: registered, AppealImported: imported}
