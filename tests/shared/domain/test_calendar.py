from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.labels import LANGUAGES

CALENDAR = working_calendar()
EVERY_DAY = [CALENDAR.first + timedelta(days=offset) for offset in range((CALENDAR.last - CALENDAR.first).days + 1)]
# well inside the calendar, so that adding some days stays inside
DAYS = st.dates(min_value=date(2001, 1, 1), max_value=date(2027, 12, 31))

DAYS_OFF_ON_WEEKDAYS = {
    2026: "01-01 01-02 01-07 03-09 03-23 03-24 03-25 05-01 05-07 05-11 05-27 07-06 10-26 12-16",
    2027: "01-01 01-04 01-07 03-08 03-15 03-22 03-23 03-24 05-03 05-07 05-10 07-06 10-25 12-16",
}
TERMS = """
2026-02-02 2026-02-05 2026-02-23 2026-03-02
2026-02-06 2026-02-11 2026-02-27 2026-03-06
2026-04-28 2026-05-04 2026-05-22 2026-06-01
2026-05-22 2026-05-28 2026-06-15 2026-06-22
2026-12-11 2026-12-17 2027-01-06 2027-01-14
"""


class TestTheData:
    @pytest.mark.parametrize("year", [2026, 2027])
    def test_the_days_off_of_a_year_are_the_published_ones(self, year):
        found = [f"{day:%m-%d}" for day in EVERY_DAY if day.year == year and day.weekday() < 5 and CALENDAR.is_day_off(day)]
        assert found == DAYS_OFF_ON_WEEKDAYS[year].split()

    def test_every_day_agrees_with_the_holidays_package(self):
        package = holidays.KZ(years=range(CALENDAR.first.year, CALENDAR.last.year + 1))
        assert (CALENDAR.first, CALENDAR.last) == (date(2000, 1, 1), date(2028, 12, 31))
        assert [day for day in EVERY_DAY if package.is_working_day(day) == CALENDAR.is_day_off(day)] == []

    def test_a_swapped_saturday_is_worked_and_its_monday_is_free(self):
        assert CALENDAR.reason(date(2022, 3, 5)) is None
        assert "05.03.2022" in CALENDAR.reason(date(2022, 3, 7)).ru

    def test_the_constitution_is_kept_on_its_new_day_from_2027(self):
        assert CALENDAR.is_day_off(date(2023, 8, 30))
        assert not CALENDAR.is_day_off(date(2027, 8, 30))
        assert CALENDAR.reason(date(2027, 3, 15)).en == "Constitution Day"

    def test_every_day_off_says_why_in_three_languages(self):
        reasons = [CALENDAR.reason(day) for day in EVERY_DAY if CALENDAR.is_day_off(day)]
        assert all(reason is not None and reason.in_(one) for reason in reasons for one in LANGUAGES)

    def test_the_calendar_has_a_version(self):
        assert CALENDAR.version == "kz-2026.3"


class TestCounting:
    @pytest.mark.parametrize("line", TERMS.strip().splitlines())
    def test_published_terms_of_three_fifteen_and_twenty_days(self, line):
        start, *expected = (date.fromisoformat(part) for part in line.split())
        assert [CALENDAR.add_working_days(start, n) for n in (3, 15, 20)] == expected

    @given(DAYS, st.integers(1, 60))
    def test_a_term_ends_on_a_working_day_with_exactly_so_many_working_days_stepped(self, day, n):
        end, stepped, one = CALENDAR.add_working_days(day, n), 0, day
        while one < end:
            one += timedelta(days=1)
            stepped += not CALENDAR.is_day_off(one)
        assert not CALENDAR.is_day_off(end)
        assert stepped == n

    @given(DAYS, DAYS, st.integers(0, 60))
    def test_a_later_start_never_ends_earlier(self, first, other, n):
        earlier, later = sorted((first, other))
        assert CALENDAR.add_working_days(earlier, n) <= CALENDAR.add_working_days(later, n)

    @given(DAYS, st.integers(1, 60))
    def test_counting_back_undoes_counting_forward_from_a_working_day(self, day, n):
        start = CALENDAR.next_working_day(day)
        assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, n), -n) == start

    @given(DAYS)
    def test_the_next_working_day_is_the_first_one_not_off(self, day):
        found = CALENDAR.next_working_day(day)
        between = [day + timedelta(days=offset) for offset in range((found - day).days)]
        assert not CALENDAR.is_day_off(found)
        assert all(CALENDAR.is_day_off(one) for one in between)


class TestOutside:
    def test_the_days_at_both_ends_are_covered_and_their_neighbours_are_not(self):
        outside = [CALENDAR.first - timedelta(days=1), CALENDAR.last + timedelta(days=1)]
        assert CALENDAR.covers(CALENDAR.first)
        assert CALENDAR.covers(CALENDAR.last)
        assert not any(CALENDAR.covers(day) for day in outside)

    @pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date(2029, 1, 1), date.max])
    def test_a_day_outside_is_a_gap_for_every_question(self, day):
        for ask in (CALENDAR.is_day_off, CALENDAR.reason, CALENDAR.next_working_day, lambda one: CALENDAR.add_working_days(one, 1)):
            with pytest.raises(CalendarGap):
                ask(day)

    def test_a_term_that_runs_over_the_end_is_a_gap(self):
        with pytest.raises(CalendarGap):
            CALENDAR.add_working_days(CALENDAR.last, 1)
        with pytest.raises(CalendarGap):
            CALENDAR.next_working_day(CALENDAR.last)  # a Sunday
        with pytest.raises(CalendarGap):
            CALENDAR.add_working_days(CALENDAR.first, -1)
