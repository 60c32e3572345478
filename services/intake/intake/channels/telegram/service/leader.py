"""What one process at a time does for the bot, as a row of the database says: sending keeps Telegram's pace, asking knows its place."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from intake.channels.telegram import repository
from intake.channels.telegram.service.texts import script
from shared.messaging.runtime import finish
from shared.service import Parts

POLL_SECONDS = 0.2  # between two looks where nothing waits


class Duty:
    """A duty that this process may hold. It is let go when the loop ends, and runs out by itself when the process is lost."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._parts = parts
        self.name = name
        self._me = parts.ids.new()

    async def hold(self) -> Row[Any] | None:
        """Take or keep it; None while another process has it."""
        now = self._parts.clock.now()
        until = now + timedelta(seconds=script().limits.duty_seconds)
        async with self._parts.database.write(durable=False) as session:
            return await repository.hold_duty(session, self.name, self._me, now, until)

    async def let_go(self) -> None:
        async with self._parts.database.write(durable=False) as session:
            await repository.let_go_of_duty(session, self.name, self._me, self._parts.clock.now())


async def again_and_again(step: Callable[[], Awaitable[bool]], at_the_end: Callable[[], Awaitable[None]]) -> None:
    """`step` until cancelled, with a rest where it found nothing to do."""
    try:
        while True:
            if not await finish(_awaited(step)):
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await at_the_end()


async def _awaited(step: Callable[[], Awaitable[bool]]) -> bool:
    return await step()
