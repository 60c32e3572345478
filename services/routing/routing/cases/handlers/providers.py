"""The replica of the public provider directory."""

from routing.cases.repository.providers import upsert_providers
from routing.cases.schemas.rows import ProviderRow
from shared.contracts import ProviderRecorded
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def copy_providers(work: UnitOfWork, batch: Batch[ProviderRecorded]) -> None:
    """Store the providers of a batch in the replica of the directory."""
    await upsert_providers(work.session, [_row(received.event) for received in batch.received])


def _row(event: ProviderRecorded) -> ProviderRow:
    return {
        "provider_id": event.provider_id,
        "name_kk": event.name_kk,
        "name_ru": event.name_ru,
        "region": event.region,
        "active": event.active,
    }
