"""A process that sends an answer and is killed: `python -m tests.routing.sending <settings as JSON> <time> <before|after>` the commit."""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime

from routing.app import SERVICE
from routing.cases.service import send_next
from routing.settings import Settings
from shared.clock import FakeClock
from shared.service import Foundation, build_parts


async def send_and_die(settings: str, now: str, moment: str) -> None:
    """Send one answer, and kill the own process before or after the commit."""
    given = Settings(**json.loads(settings), worker=False, log_level="WARNING")
    parts = build_parts(SERVICE, given, Foundation.build(given, clock=FakeClock(datetime.fromisoformat(now))))
    async with parts.units.write() as work:
        assert await send_next(work)
        if moment == "before":
            await work.session.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(send_and_die(*sys.argv[1:]))
