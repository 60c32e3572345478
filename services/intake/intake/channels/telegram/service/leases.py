"""Leases for tasks that one process at a time does: sending observes Telegram's rate limit, and polling has one position."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from intake.channels.telegram import repository
from intake.channels.telegram.schemas.rows import HeldLease
from intake.channels.telegram.service.texts import script
from shared.messaging.runtime import finish
from shared.service import Parts

POLL_SECONDS = 0.2  # between two steps if there was nothing to do


class LeaderLease:
    """A lease that this process may hold. It is released when the loop ends, and expires when the process is lost."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._parts = parts
        self.name = name
        self._holder = parts.ids.new()

    async def acquire(self) -> HeldLease | None:
        """Acquire or renew the lease; None while another process holds it."""
        now = self._parts.clock.now()
        until = now + timedelta(seconds=script().limits.leader_seconds)
        async with self._parts.units.write(durable=False) as work:
            return await repository.acquire_lease(work.session, self.name, self._holder, now, until)

    async def release(self) -> None:
        """Release the lease."""
        async with self._parts.units.write(durable=False) as work:
            await repository.release_lease(work.session, self.name, self._holder, self._parts.clock.now())


async def run_forever(step: Callable[[], Awaitable[bool]], at_the_end: Callable[[], Awaitable[None]]) -> None:
    """Run `step` until cancelled, with a pause after a step that had nothing to do."""
    try:
        while True:
            if not await finish(_awaited(step)):
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await at_the_end()


async def _awaited(step: Callable[[], Awaitable[bool]]) -> bool:
    return await step()
