"""Reactions of inquiries to events."""

from collections.abc import Mapping
from uuid import UUID

from provider_contact.inquiries import repository
from provider_contact.inquiries.errors import UnknownAppeal
from provider_contact.inquiries.models import AppealChange
from provider_contact.inquiries.service import close_appeals
from provider_contact.inquiries.service.sending import InquiryCandidate, send_inquiries
from shared.contracts import (
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    TierRaised,
)
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork

Classified = AppealRouted | ClassificationCorrected
CaseEnded = CaseClosed | CaseForwarded | CaseReturned | CaseTerminated | AppealWithdrawn


async def apply_routing(work: UnitOfWork, batch: Batch[AppealRouted]) -> None:
    """Store kind, category, tier and region, and send the inquiries that follow from them."""
    changes: dict[UUID, AppealChange] = {}
    for received in batch.received:
        changes[received.event.appeal_id] = {**_classification(received.event), "region": received.event.region}
    await _apply_classification(work, batch, changes)


async def apply_correction(work: UnitOfWork, batch: Batch[ClassificationCorrected]) -> None:
    """Store the corrected kind, category and tier; the appeal may now be for its provider."""
    await _apply_classification(work, batch, {received.event.appeal_id: _classification(received.event) for received in batch.received})


def _classification(event: Classified) -> AppealChange:
    return {"kind": event.kind, "category": event.category, "tier": event.tier}


async def _apply_classification(
    work: UnitOfWork, batch: Batch[AppealRouted] | Batch[ClassificationCorrected], changes: Mapping[UUID, AppealChange]
) -> None:
    stored = await repository.appeals_for_update(work.session, changes)
    if missing := changes.keys() - stored.keys():
        raise UnknownAppeal(f"{len(missing)} appeals were never registered here")
    await repository.update_appeals(work.session, changes)
    candidates = []
    for received in batch.received:
        appeal_id = received.event.appeal_id
        state = stored[appeal_id]._replace(**changes[appeal_id])
        candidates.append(InquiryCandidate(state, received.envelope.id, received.envelope))
    await send_inquiries(work, candidates)


async def apply_tier(work: UnitOfWork, batch: Batch[TierRaised]) -> None:
    """Store the case's tier, which decides who may see the inquiry."""
    await repository.update_appeals(work.session, {received.event.appeal_id: {"tier": received.event.tier} for received in batch.received})


async def close_ended_cases(work: UnitOfWork, batch: Batch[CaseEnded]) -> None:
    """Close the appeals of ended cases and their open inquiries."""
    await close_appeals(work, [received.event.appeal_id for received in batch.received])
