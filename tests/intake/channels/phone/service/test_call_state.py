from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from intake.channels.phone.service.call_state import Heard, fold

RING = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)  # a Monday, 14:15 in Astana
NIGHT = datetime(2026, 2, 2, 20, 0, tzinfo=UTC)


def heard(*told, start=RING):
    """(type, seconds after the first ring, what was said)."""
    return [Heard(kind, seq, start + timedelta(seconds=after), data) for seq, (kind, after, data) in enumerate(told)]


ANSWERED = heard(
    ("offered", 0, {}),
    ("ivr_choice", 5, {"ivr_path": "1"}),
    ("queued", 8, {"queue": "1414-kk"}),
    ("answered", 20, {"agent": "operator-1414"}),
    ("ended", 140, {}),
)


class TestFold:
    def test_an_answered_call_has_its_times(self):
        course = fold(ANSWERED)
        assert (course.state, course.outcome, course.queue, course.agent) == ("ENDED", "ANSWERED", "1414-kk", "operator-1414")
        assert (course.waited_seconds, course.talked_seconds) == (12, 120)

    def test_any_order_of_arrival_tells_the_same(self):
        assert {fold(order) for order in permutations(ANSWERED)} == {fold(ANSWERED)}

    def test_the_exchanges_own_counts_go_before_ours(self):
        course = fold(heard(("queued", 0, {}), ("answered", 20, {"wait_s": 19}), ("ended", 90, {"talk_s": 65}), ("ended", 91, {})))
        assert (course.waited_seconds, course.talked_seconds) == (19, 65)

    def test_an_end_holds_whatever_follows_it(self):
        course = fold(heard(("offered", 0, {}), ("answered", 5, {}), ("ended", 60, {}), ("held", 61, {})))
        assert (course.state, course.ended_at) == ("ENDED", RING + timedelta(seconds=60))

    def test_a_transferred_call_belongs_to_whoever_took_it_last(self):
        told = [("offered", 0, {}), ("answered", 5, {"agent": "a"}), ("transferred", 30, {}), ("answered", 40, {"agent": "b"})]
        course = fold(heard(*told))
        assert (course.state, course.agent, course.answered_at) == ("TALKING", "b", RING + timedelta(seconds=5))

    @pytest.mark.parametrize(
        ("start", "told", "outcome"),
        [
            (RING, [("offered", 0, {}), ("queued", 3, {}), ("abandoned", 63, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("queued", 3, {}), ("abandoned", 63, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "3"}), ("ended", 12, {})], "AFTER_HOURS"),
            (RING, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "3"}), ("ended", 12, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "2"}), ("ended", 50, {})], "SELF_SERVICE"),
        ],
    )
    def test_the_outcome_says_who_was_there_to_answer(self, start, told, outcome):
        assert fold(heard(*told, start=start)).outcome == outcome
