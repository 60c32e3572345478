from datetime import UTC, date, datetime

import pytest

from intake.channels.counter.service.policy import ways
from intake.channels.counter.service.reception import received_at, shortened


class TestShortened:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Сынақ Айгүл Маратқызы", "Сынақ А. М."),
            ("Сынақ Айгүл", "Сынақ А."),
            ("Сынақ А. М.", "Сынақ А. М."),
            ("Сынақ", "Сынақ"),
        ],
    )
    def test_a_surname_stays_and_the_rest_are_initials(self, name, said):
        assert shortened(name) == said


class TestReceivedAt:
    def test_a_day_alone_is_its_opening_where_it_was_received(self):
        assert received_at(date(2026, 1, 30), "KZ-43") == datetime(2026, 1, 30, 4, 0, tzinfo=UTC)


class TestWays:
    def test_what_is_said_cannot_have_been_said_on_another_day(self):
        assert not [way.code for way in ways().values() if way.oral and way.dated]
