"""What appeals and inquiries use of the directory."""

from collections.abc import Sequence
from uuid import UUID

from provider_contact.inquiries import repository
from shared.unit_of_work import UnitOfWork


async def providers_in_use(work: UnitOfWork, provider_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these providers an appeal or an inquiry names. The undo of an import asks it (`directory.service.undo`)."""
    return await repository.providers_in_use(work.session, provider_ids)
