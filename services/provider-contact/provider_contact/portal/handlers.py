"""Reactions of the portal to events."""

from provider_contact.portal.service.statements import record_statements
from shared.contracts import AppealRegistered
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def note_statements(work: UnitOfWork, batch: Batch[AppealRegistered]) -> None:
    """Store the appeals that officers of providers registered."""
    await record_statements(work, [received.event for received in batch.received])
