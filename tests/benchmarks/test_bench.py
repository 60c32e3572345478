"""The benchmarks in small: that they work, and that nothing is slow by an order of magnitude. The figures are `make bench`'s."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import KafkaCluster, PostgresServer
from shared.messaging import consumer
from tests.benchmarks import consume, end_to_end, relay
from tests.benchmarks.ground import Ground

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def ground(kafka: KafkaCluster, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder: Path = tmp_path_factory.mktemp("bench")
    return Ground(kafka, postgres, folder)


async def test_the_relay_carries_an_outbox_that_was_filled_beforehand(ground):
    found = await relay.run(ground, rounds=1, events=3_000)

    assert found["relay_per_second"] > 500


async def test_appeals_go_through_all_services_at_full_speed_and_by_the_clock(ground):
    found = await end_to_end.run(ground, appeals=150, clocked_rounds=1, clocked_seconds=1.0)

    [full], [clocked] = found["end_to_end_rounds"], found["at_100_rounds"]
    assert (full["appeals"], clocked["appeals"]) == (150, 100)
    assert found["end_to_end_per_second"] > 5
    assert 0 < found["routed_p99_ms_full"] < 20_000
    assert 0 < found["routed_p99_ms_at_100"] < 20_000
    assert full["processor_seconds_per_1000"].keys() > {"intake api", "routing worker", "postgres", "kafka", "client"}


async def test_routing_consumes_the_log_while_a_bare_loop_is_measured(ground, monkeypatch):
    monkeypatch.setattr(consumer, "BATCH", 100)  # a log this small is one batch else, and nothing is left to time
    found = await consume.run(ground, appeals=300, rounds=1, seconds=0.1)

    [pair] = found["consume_rounds"]
    assert pair["bare_per_second"] > pair["routing_per_second"] > 50
