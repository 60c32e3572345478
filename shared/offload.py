"""Threads for work on long texts, so that no request blocks the event loop for more than a few milliseconds."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONG: Final = 2_000  # characters: reading, classifying or matching them takes about 2 ms


async def run_on_text(text: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of `work`, a pure function. It runs in a thread for a text of more than 2 000 characters, else at once."""
    return await asyncio.to_thread(work, *args, **kwargs) if len(text) > LONG else work(*args, **kwargs)
