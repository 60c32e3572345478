"""The periodic jobs of the register: answers that can no longer be changed are published, and old codes and counts are deleted."""

from collections.abc import Sequence
from datetime import timedelta

from intake.register.service import guessing, offers, verification
from shared.messaging.runtime import Loop, every
from shared.service import Parts


def loops(parts: Parts) -> Sequence[Loop]:
    """Return the loops."""

    async def purge_attempts() -> None:
        async with parts.units.write() as work:
            await guessing.purge_attempts(work)

    async def purge_codes() -> None:
        async with parts.units.write() as work:
            await verification.purge_codes(work)

    async def publish_answers() -> None:
        while await offers.has_due_answers(parts.database, parts.clock.now()):
            async with parts.units.write() as work:
                await offers.publish_due_answers(work)

    return [
        every(timedelta(hours=1), "purge-attempts", purge_attempts),
        every(timedelta(hours=1), "purge-codes", purge_codes),
        every(timedelta(seconds=5), "publish-answers", publish_answers),
    ]
