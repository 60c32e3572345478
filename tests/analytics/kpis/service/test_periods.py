from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kpis.schemas import FIRST_DAY, LAST_DAY
from analytics.kpis.service.periods import Period, Quarter, presets, public_period, public_periods
from shared.errors import InvalidInput

DAYS = st.dates(date(2001, 1, 1), date(2089, 12, 31))


class TestAsked:
    def test_one_day_is_a_period(self):
        assert Period.of_request(date(2025, 1, 1), date(2025, 1, 1)) == Period(date(2025, 1, 1), date(2025, 1, 1))

    def test_one_that_runs_backwards_is_refused(self):
        with pytest.raises(InvalidInput) as refused:
            Period.of_request(date(2025, 1, 1), date(2024, 12, 31))
        assert [(error.field, error.code) for error in refused.value.errors] == [("to", "before-from")]

    def test_the_whole_century_is_a_period(self):
        assert Period.of_request(FIRST_DAY, LAST_DAY) == Period(date(2000, 1, 1), date(2099, 12, 31))


class TestYearBefore:
    def test_29_february_becomes_28_february(self):
        assert Period(date(2024, 2, 29), date(2024, 2, 29)).year_before() == Period(date(2023, 2, 28), date(2023, 2, 28))

    def test_whole_months_are_compared_with_whole_months(self):
        assert Period(date(2025, 2, 1), date(2025, 2, 28)).year_before() == Period(date(2024, 2, 1), date(2024, 2, 29))
        assert Period(date(2024, 2, 1), date(2024, 2, 29)).year_before() == Period(date(2023, 2, 1), date(2023, 2, 28))
        assert Period(date(2024, 12, 1), date(2025, 2, 28)).year_before() == Period(date(2023, 12, 1), date(2024, 2, 29))
        assert Period(date(2025, 1, 1), date(2025, 3, 31)).year_before() == Period(date(2024, 1, 1), date(2024, 3, 31))

    def test_other_spans_are_compared_by_day(self):
        assert Period(date(2025, 2, 10), date(2025, 2, 28)).year_before() == Period(date(2024, 2, 10), date(2024, 2, 28))
        assert Period(date(2025, 2, 28), date(2025, 2, 28)).year_before() == Period(date(2024, 2, 28), date(2024, 2, 28))

    @given(DAYS, st.integers(0, 3000))
    def test_it_is_the_same_dates_and_never_overlaps_a_period_of_a_year(self, first, length):
        period = Period(first, first + timedelta(days=length))
        before = period.year_before()
        assert before.first <= before.last
        assert {before.first.month, before.last.month} == {period.first.month, period.last.month}
        assert (period.first.year - before.first.year, period.last.year - before.last.year) == (1, 1)


class TestBefore:
    def test_a_whole_month_follows_a_whole_month(self):
        assert Period(date(2024, 3, 1), date(2024, 3, 31)).before() == Period(date(2024, 2, 1), date(2024, 2, 29))
        assert Period(date(2025, 3, 1), date(2025, 3, 31)).before() == Period(date(2025, 2, 1), date(2025, 2, 28))
        assert Period(date(2025, 1, 1), date(2025, 1, 31)).before() == Period(date(2024, 12, 1), date(2024, 12, 31))

    def test_quarters_and_years_follow_quarters_and_years(self):
        assert Period(date(2025, 1, 1), date(2025, 3, 31)).before() == Period(date(2024, 10, 1), date(2024, 12, 31))
        assert Period(date(2025, 1, 1), date(2025, 12, 31)).before() == Period(date(2024, 1, 1), date(2024, 12, 31))

    def test_other_spans_follow_as_many_days(self):
        assert Period(date(2024, 3, 1), date(2024, 3, 2)).before() == Period(date(2024, 2, 28), date(2024, 2, 29))
        assert Period(date(2024, 2, 29), date(2024, 2, 29)).before() == Period(date(2024, 2, 28), date(2024, 2, 28))

    @given(DAYS, st.integers(0, 3000))
    def test_it_ends_the_day_before_and_is_as_long(self, first, length):
        period = Period(first, first + timedelta(days=length))
        before = period.before()
        assert before.last == period.first - timedelta(days=1)
        if period.has_whole_months:
            assert before.has_whole_months
        else:  # as many days, which may happen to be whole months: 670 days before March 2001 are
            assert before.last - before.first == period.last - period.first

    @pytest.mark.parametrize("period", list(public_periods(2025)))
    def test_before_a_public_period_lies_one_of_the_same_length(self, period):
        before = public_period(period.period.before())
        assert before is not None
        assert before.unit == period.unit


class TestPublicPeriods:
    def test_a_year_has_itself_two_halves_and_four_quarters(self):
        found = {each.code: (str(each.period.first), str(each.period.last)) for each in public_periods(2024)}
        assert list(found) == ["2024", "2024-H1", "2024-H2", "2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
        assert (found["2024-H2"], found["2024-Q1"]) == (("2024-07-01", "2024-12-31"), ("2024-01-01", "2024-03-31"))

    def test_no_other_span_is_one(self):
        assert public_period(Period(date(2024, 1, 1), date(2024, 2, 29))) is None
        assert public_period(Period(date(2023, 7, 1), date(2024, 6, 30))) is None

    def test_a_period_consists_of_its_quarters(self):
        assert Period(date(2024, 7, 1), date(2025, 6, 30)).quarters() == [
            Quarter(2024, 3),
            Quarter(2024, 4),
            Quarter(2025, 1),
            Quarter(2025, 2),
        ]


class TestPresets:
    def test_a_leap_day_is_the_end_of_a_whole_month(self):
        found = presets(date(2024, 2, 29))
        assert found["month"].year_before() == Period(date(2023, 2, 1), date(2023, 2, 28))
        assert presets(date(2025, 2, 28))["year"].year_before() == Period(date(2024, 1, 1), date(2024, 2, 29))
        assert presets(date(2024, 3, 31))["last_month"] == Period(date(2024, 2, 1), date(2024, 2, 29))

    def test_they_are_calendar_periods_up_to_today(self):
        found = {name: (str(period.first), str(period.last)) for name, period in presets(date(2026, 2, 5)).items()}
        assert found == {
            "month": ("2026-02-01", "2026-02-05"),
            "last_month": ("2026-01-01", "2026-01-31"),
            "quarter": ("2026-01-01", "2026-02-05"),
            "year": ("2026-01-01", "2026-02-05"),
            "last_year": ("2025-01-01", "2025-12-31"),
        }
