import sys

import pytest
import structlog

from analytics.facts.jobs import LoggedProgress, Rebuilt, Stage, summary
from analytics.facts.repository.sets import TableDifference


class TestLoggedProgress:
    @pytest.fixture
    def time(self, monkeypatch):
        """The seconds of the clock, to be changed by the test."""
        time = {"now": 1000.0}
        monkeypatch.setattr(sys.modules[LoggedProgress.__module__], "monotonic", lambda: time["now"])
        return time

    def test_each_stage_is_logged_and_the_progress_within_it_every_ten_seconds(self, time):
        progress = LoggedProgress()
        with structlog.testing.capture_logs() as logged:
            for now, stage, done in [
                (1000.0, Stage.READING, 0),
                (1009.9, Stage.READING, 1),
                (1010.0, Stage.READING, 2),
                (1019.9, Stage.READING, 3),
                (1019.9, Stage.INDEXING, 0),
                (1025.0, Stage.INDEXING, 1),
            ]:
                time["now"] = now
                progress(stage, done, 9)
        assert [(entry["event"], entry["stage"], entry["done"], entry["total"]) for entry in logged] == [
            ("rebuild", Stage.READING, 0, 9),
            ("rebuild", Stage.READING, 2, 9),
            ("rebuild", Stage.INDEXING, 0, 9),
        ]


class TestSummary:
    def test_an_interrupted_rebuild_names_its_rate_and_the_differences_of_each_table(self):
        differences = [
            TableDifference("fact", 1_200, 1_201, 1, 2, {"status": 4, "kind": 1_000}),
            TableDifference("transition", 5, 5, 0, 0, {}),
        ]
        assert summary(Rebuilt(differences, events=10_000, seconds=4.0, locked_seconds=0.25, resumed=True)) == [
            "10,000 events, 2,500 a second (an interrupted rebuild went on); consumers waited 0.2 s for the switch",
            "fact: 1,200 rows before, 1,201 now",
            "  1 rows only before, 2 only now",
            "  kind: differs in 1,000 rows",
            "  status: differs in 4 rows",
            "transition: 5 rows before, 5 now",
        ]

    def test_a_rebuild_of_less_than_a_second_has_no_rate(self):
        assert summary(Rebuilt([], events=3, seconds=0.9, locked_seconds=0.0, resumed=False)) == [
            "3 events; consumers waited 0.0 s for the switch"
        ]
