"""A large export costs neither memory nor long steps of the event loop."""

import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import xlsxwriter  # noqa: F401 - the memory of its import must not count

from analytics.exports.policy import Column, ExportFormat
from analytics.exports.service.writers import WRITERS
from shared.domain.labels import Label
from tests.analytics import conftest as analytics
from tests.analytics.exports.stream_client import StreamClient
from tests.analytics.random_facts import random_world
from tests.event_loop import STEP, Steps

clock, world = analytics.clock, analytics.world
"""Fixtures, which pytest finds by name."""

ROWS = 50_000
MEMORY = 24_000_000  # bytes: 13 million measured; the cells of all rows take five times as much
BOOK_MEMORY = 2_000_000  # bytes of a workbook being written
TEXT = "a cell that is not shared with any other row, "


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail if Python's objects take more than `limit` bytes at any moment of the block."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


async def test_large_exports_take_little_memory_and_short_steps(world):
    await random_world(world, random.Random(50), ROWS)
    for file in ("facts.csv", "facts.parquet"):
        client = StreamClient(world, file)
        async with Steps() as steps:
            await client.read()
        assert steps.longest < STEP, file
        assert sum(client.sizes) > 10 * ROWS, file
    for file in ("facts.csv", "facts.parquet"):
        with memory_below(MEMORY):
            await StreamClient(world, file).read()
    assert pa.default_memory_pool().max_memory() < MEMORY


def test_a_large_workbook_takes_little_memory():
    label = Label("a", "a", "a")
    columns = [Column("a", frozenset({"facts"}), str, label, label)]
    with memory_below(BOOK_MEMORY), WRITERS[ExportFormat.XLSX](columns, "en") as writer:
        for number in range(ROWS):
            writer.add([[f"{TEXT}{number}"]])
        assert sum(map(len, writer.finish())) > 2 * ROWS
