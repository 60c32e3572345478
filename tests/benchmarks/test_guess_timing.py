"""How long a refusal takes for a number that exists and for one that does not: pairs of real requests (2 000: `make guess-timing`).

In processor time of the process, database included, as SQLite works within it: other programs on the machine do not disturb it.
"""

import os
from statistics import median
from time import process_time

import httpx
import pytest

from shared.domain.identifiers import RegistrationNumber
from tests.intake.conftest import running
from tests.processor_time import Pace

pytestmark = pytest.mark.alone

PAIRS = int(os.environ.get("ARYZ_GUESS_PAIRS", "600"))
MOST_MS = 0.1  # between the medians, on a machine on which a refusal takes 5 ms
LIMITS = {"wrong_pins_free": 1_000_000, "wrong_pins_per_address": 1_000_000, "wrong_pins_per_number": 1_000_000}


@pytest.mark.timeout(900)
async def test_an_existing_and_a_missing_number_are_refused_in_the_same_time(engine, tmp_path):
    async with running(engine, tmp_path, **LIMITS) as desk:
        numbers = [(await desk.file()).json()["number"] for _ in range(PAIRS // 20)]
        missing = [RegistrationNumber.format(2026, "43", 9_000_000 + each) for each in range(len(numbers))]
        transport = httpx.ASGITransport(desk.app, client=("192.0.2.9", 1))
        times, pace = {True: [], False: []}, Pace()
        async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:

            async def seconds(number):
                started = process_time()
                answer = await client.get(f"/intake/v1/appeals/{number}", headers={"Appeal-Pin": "x"})
                assert answer.status_code == 404
                return process_time() - started

            for pair in range(PAIRS + 50):
                if pair % 50 == 0:
                    pace.sample()
                place = pair % len(numbers)
                order = ((True, numbers[place]), (False, missing[place]))
                for exists, number in order if pair % 2 else reversed(order):
                    found = await seconds(number)
                    if pair >= 50:  # the first warm caches up
                        times[exists].append(found)
    existing, absent = median(times[True]) * 1000, median(times[False]) * 1000
    assert abs(existing - absent) < MOST_MS * pace.slowness, f"existing {existing:.3f} ms, missing {absent:.3f} ms"
