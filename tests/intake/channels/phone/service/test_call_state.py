from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from intake.channels.phone.codes import CallEventType
from intake.channels.phone.service.call_state import ReceivedEvent, summarize

RING = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)  # a Monday, 14:15 in Astana
NIGHT = datetime(2026, 2, 2, 20, 0, tzinfo=UTC)


def received(*events, start=RING):
    """Each event is (type, seconds after the first ring, data)."""
    times = [start + timedelta(seconds=after) for _, after, _ in events]
    return [ReceivedEvent(CallEventType(kind), seq, at, data) for seq, ((kind, _, data), at) in enumerate(zip(events, times, strict=True))]


ANSWERED = received(
    ("offered", 0, {}),
    ("ivr_choice", 5, {"ivr_path": "1"}),
    ("queued", 8, {"queue": "1414-kk"}),
    ("answered", 20, {"agent": "operator-1414"}),
    ("ended", 140, {}),
)


class TestSummarize:
    def test_an_answered_call_has_its_times(self):
        summary = summarize(ANSWERED)
        assert (summary.state, summary.outcome, summary.queue, summary.agent) == ("ENDED", "ANSWERED", "1414-kk", "operator-1414")
        assert (summary.waited_seconds, summary.talked_seconds) == (12, 120)

    def test_the_order_of_arrival_is_irrelevant(self):
        assert {summarize(order) for order in permutations(ANSWERED)} == {summarize(ANSWERED)}

    def test_counts_of_the_exchange_take_precedence(self):
        summary = summarize(received(("queued", 0, {}), ("answered", 20, {"wait_s": 19}), ("ended", 90, {"talk_s": 65}), ("ended", 91, {})))
        assert (summary.waited_seconds, summary.talked_seconds) == (19, 65)

    def test_an_end_is_final_whatever_follows_it(self):
        summary = summarize(received(("offered", 0, {}), ("answered", 5, {}), ("ended", 60, {}), ("held", 61, {})))
        assert (summary.state, summary.ended_at) == ("ENDED", RING + timedelta(seconds=60))

    def test_a_transferred_call_belongs_to_the_agent_who_answered_last(self):
        events = [("offered", 0, {}), ("answered", 5, {"agent": "a"}), ("transferred", 30, {}), ("answered", 40, {"agent": "b"})]
        summary = summarize(received(*events))
        assert (summary.state, summary.agent, summary.answered_at) == ("TALKING", "b", RING + timedelta(seconds=5))

    @pytest.mark.parametrize(
        ("start", "events", "outcome"),
        [
            (RING, [("offered", 0, {}), ("queued", 3, {}), ("abandoned", 63, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("queued", 3, {}), ("abandoned", 63, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "3"}), ("ended", 12, {})], "AFTER_HOURS"),
            (RING, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "3"}), ("ended", 12, {})], "ABANDONED"),
            (NIGHT, [("offered", 0, {}), ("ivr_choice", 9, {"ivr_path": "2"}), ("ended", 50, {})], "SELF_SERVICE"),
        ],
    )
    def test_the_outcome_follows_from_queue_menu_and_working_hours(self, start, events, outcome):
        assert summarize(received(*events, start=start)).outcome == outcome
