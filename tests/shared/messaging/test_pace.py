from collections.abc import Sequence

import pytest

from shared.messaging.pace import PATIENT, PROMPT, RELAY, Pace

A_HUNDRED_A_SECOND = [number / 100 for number in range(200)]


def served(pace: Pace, arrivals: Sequence[float], *, took: float = 0.0) -> list[tuple[float, list[float]]]:
    """When each batch of a loop at this pace begins, and the arrivals in it; a clock that nobody waits for."""
    batches, waiting, now = [], list(arrivals), 0.0
    while waiting:
        now = max(now, waiting[0])
        batch = [arrival for arrival in waiting if arrival <= now]
        batches.append((now, batch))
        waiting = waiting[len(batch) :]
        now += took + pace.rest(len(batch), took)
    return batches


@pytest.mark.parametrize("pace", [RELAY, PROMPT, PATIENT])
class TestPace:
    def test_a_lonely_event_waits_for_nobody(self, pace):
        assert served(pace, [0.0, 1.0, 2.0], took=0.02) == [(0.0, [0.0]), (1.0, [1.0]), (2.0, [2.0])]

    def test_a_steady_stream_is_gathered(self, pace):
        assert len(served(pace, A_HUNDRED_A_SECOND)) <= A_HUNDRED_A_SECOND[-1] / pace.gather + 2

    def test_nobody_waits_longer_than_it_rests(self, pace):
        waits = [begins - batch[0] for begins, batch in served(pace, A_HUNDRED_A_SECOND, took=0.01)]
        assert max(waits) <= 0.01 + max(pace.gather, pace.each * 100 * (pace.gather + 0.01))

    def test_the_more_come_the_larger_the_batches(self, pace):
        few = served(pace, A_HUNDRED_A_SECOND)
        many = served(pace, [number / 2000 for number in range(4000)])
        assert max(len(batch) for _, batch in many) > 20 * max(len(batch) for _, batch in few)

    def test_it_rests_as_long_as_it_worked_on_a_busy_machine(self, pace):
        assert pace.rest(1, pace.longest - 0.01) == pace.longest - 0.01

    def test_its_rest_has_an_end(self, pace):
        assert pace.rest(100_000, 60.0) == pace.longest
