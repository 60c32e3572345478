"""Work that is cancelled when the client that waits for it disconnects."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], Awaitable[T]]


async def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Await work that continues when its client disconnects."""
    return await work


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Await work and cancel it as soon as the client disconnects. The request's body must have been read.

    Raises ClientDisconnect, and what the work raises.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for each in (working, leaving):
            each.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
