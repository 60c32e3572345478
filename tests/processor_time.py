"""Processor time of a piece of work: what other processes do, and the garbage of the tests before, do not count."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Spent:
    seconds: float = 0.0


@contextmanager
def processor_time(clock: Callable[[], float] = time.thread_time) -> Iterator[Spent]:
    """Measures the block. `time.thread_time` sees this thread alone; `time.process_time` all threads, for work spread over some."""
    gc.collect()
    gc.freeze()  # a collection inside of the block looks only at what the block makes
    spent = Spent()
    before = clock()
    yield spent
    spent.seconds = clock() - before
