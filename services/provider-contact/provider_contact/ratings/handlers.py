"""The reaction of ratings to their event."""

from provider_contact.ratings import service
from shared.contracts import ProviderRated
from shared.messaging.handling import Batch, InOrder
from shared.unit_of_work import UnitOfWork


async def _store(work: UnitOfWork, batch: Batch[ProviderRated]) -> None:
    await service.store(work, batch.received)


store_ratings = InOrder(_store)
"""Store ratings; a batch may have several of one provider."""
