"""The periodic job of suggestions."""

from collections.abc import Sequence
from datetime import timedelta

from intake.suggestions import service
from shared.messaging.runtime import Loop, every
from shared.service import Parts


def loops(parts: Parts) -> Sequence[Loop]:
    """Return the loop that deletes the marks of answered questions."""

    async def purge() -> None:
        async with parts.units.write() as work:
            await service.purge(work)

    return [every(timedelta(days=1), "purge-self-service", purge)]
