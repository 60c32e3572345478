"""Names on talons, times of receipt, and intake methods."""

from datetime import UTC, date, datetime

import pytest

from intake.channels.counter.policy import intake_methods
from intake.channels.counter.service.reception import received_at, surname_and_initials


class TestSurnameAndInitials:
    @pytest.mark.parametrize(
        ("name", "short"),
        [
            ("Сынақ Айгүл Маратқызы", "Сынақ А. М."),
            ("Сынақ Айгүл", "Сынақ А."),
            ("Сынақ А. М.", "Сынақ А. М."),
            ("Сынақ", "Сынақ"),
        ],
    )
    def test_the_surname_stays_and_other_names_become_initials(self, name, short):
        assert surname_and_initials(name) == short


class TestReceivedAt:
    def test_a_day_alone_means_the_opening_of_the_branch(self):
        assert received_at(date(2026, 1, 30), "KZ-43") == datetime(2026, 1, 30, 4, 0, tzinfo=UTC)


class TestIntakeMethods:
    def test_no_oral_method_is_dated(self):
        assert not [method.code for method in intake_methods().values() if method.oral and method.dated]
