"""The periodic job of ratings."""

from collections.abc import Sequence
from datetime import timedelta

from intake.ratings import service
from shared.messaging.runtime import Loop, every
from shared.service import Parts


def loops(parts: Parts) -> Sequence[Loop]:
    """Return the loop that deletes old ratings."""

    async def purge() -> None:
        async with parts.units.write() as work:
            await service.purge(work)

    return [every(timedelta(days=1), "purge-ratings", purge)]
