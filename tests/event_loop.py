"""Measurement of the steps of an event loop.

Tests that measure stand outside the folders of `make coverage`: slipcover replaces code while it runs, which is a step of its own.
"""

import asyncio
import gc
import time
from typing import Final

STEP: Final = 3 * 0.05  # seconds that one step may take: 50 ms, on a machine three times slower


class Steps:
    """Measures the longest step in processor time of the loop's thread, independently of the machine's other load."""

    def __init__(self):
        self.longest = 0.0

    async def __aenter__(self):
        gc.collect()
        gc.freeze()  # garbage of earlier tests must not count
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()

    async def _measure(self):
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.thread_time() - before)
