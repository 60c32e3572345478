"""Work on long texts runs in a thread, so that no request holds the event loop for longer than a few milliseconds."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONG: Final = 2_000  # characters: reading, classifying or matching them takes about 2 ms


async def run_on_text(text: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `work` returns: run at once for a short text, in a thread for one of more than 2 000 characters. `work` is pure."""
    return await asyncio.to_thread(work, *args, **kwargs) if len(text) > LONG else work(*args, **kwargs)
