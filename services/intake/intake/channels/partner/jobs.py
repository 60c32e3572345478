"""Jobs of the partner channel: positions of updates, delivery of webhooks, and the purge of the delivery log."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from intake.channels.partner.service import feed, sending
from intake.settings import Settings
from shared.messaging.runtime import Loop, every, finish
from shared.service import Parts

ASSIGN_EVERY: Final = timedelta(seconds=0.25)


async def assign_positions(parts: Parts[Settings]) -> int:
    """Assign positions to the next updates, if there are any. Return how many updates there were, at most `feed.BATCH`."""
    if not await feed.has_unnumbered_updates(parts.database):
        return 0
    async with parts.units.write() as work:
        return await feed.assign_positions(work, parts.settings)


async def purge_deliveries(parts: Parts[Settings]) -> None:
    async with parts.units.write() as work:
        await sending.purge_deliveries(work)


def loops(parts: Parts[Settings]) -> Sequence[Loop]:
    """Return the loops of the worker."""

    async def number_updates() -> None:
        while await finish(assign_positions(parts)) == feed.BATCH:
            pass

    async def purge() -> None:
        await purge_deliveries(parts)

    return [
        every(ASSIGN_EVERY, "number-updates", number_updates),
        Loop("send-webhooks", sending.WebhookSender(parts).run),
        every(timedelta(hours=1), "purge-deliveries", purge),
    ]
