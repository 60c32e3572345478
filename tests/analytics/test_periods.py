from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.periods import FIRST_DAY, LAST_DAY, Period, presets
from shared.errors import InvalidInput

DAYS = st.dates(date(2001, 1, 1), date(2089, 12, 31))


class TestAsked:
    def test_one_day_is_a_period(self):
        assert Period.asked(date(2025, 1, 1), date(2025, 1, 1)) == Period(date(2025, 1, 1), date(2025, 1, 1))

    def test_one_that_runs_backwards_is_refused(self):
        with pytest.raises(InvalidInput) as refused:
            Period.asked(date(2025, 1, 1), date(2024, 12, 31))
        assert [(error.field, error.code) for error in refused.value.errors] == [("to", "before-from")]

    def test_the_whole_century_is_a_period(self):
        assert Period.asked(FIRST_DAY, LAST_DAY) == Period(date(2000, 1, 1), date(2099, 12, 31))


class TestYearBefore:
    def test_29_february_becomes_28_february(self):
        assert Period(date(2024, 2, 29), date(2024, 2, 29)).year_before() == Period(date(2023, 2, 28), date(2023, 2, 28))

    @given(DAYS, st.integers(0, 3000))
    def test_it_is_the_same_dates_and_never_overlaps_a_period_of_a_year(self, first, length):
        period = Period(first, first + timedelta(days=length))
        before = period.year_before()
        assert before.first <= before.last
        assert {before.first.month, before.last.month} == {period.first.month, period.last.month}
        assert (period.first.year - before.first.year, period.last.year - before.last.year) == (1, 1)


class TestPresets:
    def test_they_are_calendar_periods_up_to_today(self):
        found = {name: (str(period.first), str(period.last)) for name, period in presets(date(2026, 2, 5)).items()}
        assert found == {
            "month": ("2026-02-01", "2026-02-05"),
            "last_month": ("2026-01-01", "2026-01-31"),
            "quarter": ("2026-01-01", "2026-02-05"),
            "year": ("2026-01-01", "2026-02-05"),
            "last_year": ("2025-01-01", "2025-12-31"),
        }
