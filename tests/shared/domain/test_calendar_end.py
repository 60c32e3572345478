from datetime import UTC, date, datetime

import pytest

from shared.domain.calendar import calendar_end, calendar_ends_soon, days_covered_after, is_provisional, planning_calendar, working_calendar

LAST = working_calendar().last


class TestPlanningCalendar:
    def test_within_the_reviewed_calendar_it_is_the_same(self):
        planned, reviewed = planning_calendar(), working_calendar()
        assert planned.version == reviewed.version
        for day in (date(2000, 1, 1), date(2026, 3, 21), date(2028, 12, 16), LAST):
            assert planned.reason(day) == reviewed.reason(day)

    @pytest.mark.parametrize(
        ("day", "is_off"),
        [
            (date(2029, 1, 1), True), (date(2029, 1, 3), False), (date(2029, 1, 6), True), (date(2029, 3, 8), True),
            (date(2035, 12, 16), True),            (date(2099, 12, 31), False),
        ],
    )  # fmt: skip
    def test_beyond_it_weekends_and_fixed_holidays_are_off(self, day, is_off):
        assert planning_calendar().is_day_off(day) is is_off


class TestEnd:
    def test_it_is_announced_months_ahead(self):
        assert (days_covered_after(date(2028, 12, 1)), days_covered_after(date(2029, 1, 1))) == (30, -1)
        assert calendar_ends_soon(date(2028, 6, 1)) is None
        assert calendar_ends_soon(date(2028, 11, 1)) == calendar_ends_soon(date(2029, 1, 5)) == LAST

    def test_it_is_the_midnight_after_the_last_day_in_astana(self):
        assert date(2028, 12, 31) == LAST
        assert calendar_end() == datetime(2028, 12, 31, 19, tzinfo=UTC)

    def test_days_beyond_it_are_provisional(self):
        assert (is_provisional(LAST), is_provisional(date(2029, 1, 1))) == (False, True)
