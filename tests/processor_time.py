"""Processor time of a block, independent of other processes and of the garbage of earlier tests."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median


@dataclass
class Spent:
    seconds: float = 0.0


@contextmanager
def processor_time(clock: Callable[[], float] = time.thread_time) -> Iterator[Spent]:
    """Measure the block. `time.thread_time` measures this thread, `time.process_time` all threads of the process."""
    gc.collect()
    gc.freeze()  # a collection inside the block then scans only objects of the block
    spent = Spent()
    before = clock()
    yield spent
    spent.seconds = clock() - before


_YARDSTICK_SECONDS = 0.0011  # of the work below, on the machine that the bounds of tests were tried on, with nothing else to do


def _yardstick() -> float:
    """Return the processor time of a fixed piece of work, in seconds."""
    with processor_time() as spent:
        words = [f"сөз{number % 97}" for number in range(4000)]
        counted: dict[str, int] = {}
        for word in words:
            counted[word] = counted.get(word, 0) + len(word)
        " ".join(sorted(counted)).split()
    return spent.seconds


class Pace:
    """The processor's speed during a measurement: other work shares its cores and caches, and changes from second to second.

    A `sample` is taken between the parts of the measured work, as often as the speed may change.
    """

    def __init__(self) -> None:
        self._samples: list[float] = []

    def sample(self) -> None:
        self._samples.append(_yardstick())

    @property
    def slowness(self) -> float:
        """How many times slower the processor was than when the bounds were set, at least 1."""
        return max(1.0, median(self._samples) / _YARDSTICK_SECONDS)
