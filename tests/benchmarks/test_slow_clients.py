"""The short form of `make slow-clients`."""

import os

import pytest

from tests.benchmarks import slow_clients

pytestmark = pytest.mark.alone

SECONDS = float(os.environ.get("ARYZ_SLOW_CLIENTS_SECONDS", "15"))
P99_MS = 500
GROWTH_MB = 30  # more than in as long a time of peace: 500 buffers of the kernel's and ours


@pytest.mark.timeout(600 + 3 * SECONDS)
def test_five_hundred_slow_connections_delay_no_appeal_and_take_no_memory(tmp_path):
    for attempt in range(3):  # what else the machine does can only add to the time
        found = slow_clients.run(tmp_path / str(attempt), SECONDS)
        if found["attack"]["p99_ms"] < P99_MS:
            break
    print(f"\n{found}")  # noqa: T201 - the figures are what it is for
    peace, attack = found["peace"], found["attack"]
    assert set(attack["opened"]) == set(slow_clients.SLOW)
    assert sum(attack["opened"].values()) > 500  # those that were closed came again
    assert attack["appeals"] == round(SECONDS * slow_clients.PER_SECOND)
    assert attack["p99_ms"] < max(P99_MS, 2 * peace["p99_ms"])  # a busy machine is slow in peace too
    first, most = attack["memory_mb"]
    assert most - first < peace["memory_mb"][1] - peace["memory_mb"][0] + GROWTH_MB
