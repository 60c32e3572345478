"""Loops of the bot. One process at a time sends, because of Telegram's rate limit, and one polls, because polling has one position."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from intake.channels.telegram.models import BotLease
from intake.channels.telegram.policy import script
from shared.clock import Clock
from shared.database import Database
from shared.leases import NamedLease
from shared.messaging.runtime import finish
from shared.rows import table_of

POLL_SECONDS = 0.2  # between two steps if there was nothing to do


def leader_lease(database: Database, clock: Clock, name: str) -> NamedLease:
    """Return the lease of a task of the bot."""
    length = timedelta(seconds=script().limits.leader_seconds)
    return NamedLease(database, table_of(BotLease), name, clock=clock, length=length)


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
