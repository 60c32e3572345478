"""Questions about offers of providers that no message brought to their applicants, or no SMS answered: the contact centre calls them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from intake.notifications import repository
from intake.notifications.repository import UnreachedOffer
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

__all__ = ["UnreachedOffer", "unreached_offers"]


async def unreached_offers(
    work: UnitOfWork, reader: Principal, *, calls: int, limit: int, after: tuple[datetime, UUID] | None = None
) -> tuple[Sequence[UnreachedOffer], int]:
    """Return a page of the questions about appeals that the reader sees, the first to end first, and the number of all.

    `calls`: after how many calls in vain an applicant is not called again.
    """
    return await repository.unreached_offers(work.session, visible_cases(reader), calls, limit, after)
