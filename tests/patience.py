"""Time limits for things that should happen at once. They are generous, because the machine may be busy."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds. Only a fault takes this long: a machine three times slower needs a small part of it."""

LONG_PATIENCE: Final = 5 * PATIENCE
"""Seconds, for a command that starts processes or does a complete run."""

POLL: Final = 0.02


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return when `condition` is true; other tasks go on meanwhile. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(POLL)


def wait_until(condition: Callable[[], T], patience: float = PATIENCE) -> T:
    """Return the first true value of `condition`. Fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(POLL)
    return found
