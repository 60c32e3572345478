"""A large export costs neither memory nor long steps of the event loop."""

import random
import tracemalloc

import pyarrow as pa

from tests.analytics import conftest as analytics
from tests.analytics.exports.stream_client import StreamClient
from tests.analytics.random_facts import random_world
from tests.event_loop import STEP, Steps

clock, world = analytics.clock, analytics.world
"""Fixtures, which pytest finds by name."""

ROWS = 50_000
MEMORY = 24_000_000  # bytes: 13 million measured; the cells of all rows take five times as much
FILES = ("facts.csv", "facts.xlsx", "facts.parquet")


async def test_large_exports_take_little_memory_and_short_steps(world):
    await random_world(world, random.Random(50), ROWS)
    for file in FILES:
        client = StreamClient(world, file)
        async with Steps() as steps:
            await client.read()
        assert steps.longest < STEP, file
        assert sum(client.sizes) > 10 * ROWS, file
    for file in FILES:
        tracemalloc.start()
        try:
            await StreamClient(world, file).read()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MEMORY, file
    assert pa.default_memory_pool().max_memory() < MEMORY
