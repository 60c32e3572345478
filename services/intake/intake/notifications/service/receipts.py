"""Whether what was sent arrived, as the one who carries it says later: the SMS gateway, or the bot of a chat that was left."""

from typing import Final, cast
from uuid import UUID

from intake.notifications import repository
from intake.notifications.service.contacts import contacts
from intake.notifications.service.delivery_methods import usable
from intake.notifications.service.dispatch import fall_back
from intake.settings import Settings
from shared.sealing import SealError
from shared.service import Parts

ARRIVED: Final = ("SENT", "FAILED")  # a late word of delivery outweighs what was thought
LOST: Final = ("SENT",)


async def delivered(parts: Parts, notice_id: UUID) -> None:
    """Note that a notice arrived; one that is not known is passed over."""
    async with parts.database.write() as session:
        values = {"state": "DELIVERED", "reason": None, "delivered_at": parts.clock.now()}
        await repository.settle(session, notice_id, values, among_states=ARRIVED)


async def undelivered(parts: Parts, notice_id: UUID) -> None:
    """A notice did not arrive: it is planned on the next channel. Said again, or of one that arrived, it changes nothing."""
    async with parts.database.read() as session:
        found = await repository.with_appeals(session, [notice_id])
    if not found or found[0].state not in LOST:
        return
    row = found[0]
    try:
        known = contacts(parts.sealer, row)
    except SealError:
        known = {}
    ways = usable(cast("Settings", parts.settings))
    await fall_back(parts, row, row.channel, "UNDELIVERED", known, ways, among_states=LOST)
