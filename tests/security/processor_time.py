"""Processor time of one piece of asynchronous work, and of its longest step on the event loop. The machine's load does not count."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
_measured: ContextVar["Spent | None"] = ContextVar("measured", default=None)


@dataclass
class Spent:
    """Seconds of processor time: `whole` of all threads of the process, `step` of the longest uninterrupted step on the event loop."""

    whole: float = 0.0
    step: float = 0.0


@contextmanager
def _watching_steps() -> Iterator[None]:
    """Every callback of the loop that belongs to measured work is timed, whatever task it is in: contexts are inherited."""
    original = asyncio.events.Handle._run

    def run(handle: asyncio.Handle) -> None:
        spent = handle._context.get(_measured)
        if spent is None:
            original(handle)
            return
        began = time.thread_time()
        original(handle)
        spent.step = max(spent.step, time.thread_time() - began)

    asyncio.events.Handle._run = run
    try:
        yield
    finally:
        asyncio.events.Handle._run = original


async def measured(work: Coroutine[Any, Any, T]) -> tuple[T, Spent]:
    """Do the work in a task of its own, and say what it took. Steps of other tasks are not counted in `step`."""
    spent = Spent()
    context = copy_context()
    context.run(_measured.set, spent)
    with _watching_steps():
        began = time.process_time()
        result = await asyncio.create_task(work, context=context)
        spent.whole = time.process_time() - began
    return result, spent
