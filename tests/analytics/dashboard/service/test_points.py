from datetime import date

from analytics.dashboard.service.points import axis_labels, is_partial, whole_values
from analytics.dashboard.service.reading import TrendPair, interval_of
from analytics.facts.schemas import Group
from analytics.kpis.schemas import Point
from analytics.kpis.service import Period


def point(first, last, value=1):
    return Point(first=date(*first), last=date(*last), value=value, n=1, suppressed=False)


class TestIntervalOf:
    def test_a_month_has_days_a_quarter_weeks_and_a_year_months(self):
        assert interval_of(Period(date(2026, 1, 1), date(2026, 1, 31))) is Group.DAY
        assert interval_of(Period(date(2026, 7, 1), date(2026, 9, 30))) is Group.WEEK
        assert interval_of(Period(date(2026, 1, 1), date(2026, 12, 31))) is Group.MONTH


class TestPoints:
    def test_weeks_and_months_that_the_period_cuts_are_not_drawn(self):
        weeks = [point((2026, 7, 1), (2026, 7, 5)), point((2026, 7, 6), (2026, 7, 12))]
        assert whole_values(TrendPair(Group.WEEK, weeks), weeks) == [None, 1]
        months = [point((2026, 1, 1), (2026, 1, 31)), point((2026, 2, 1), (2026, 2, 5))]
        assert whole_values(TrendPair(Group.MONTH, months), months) == [1, None]
        assert not is_partial(Group.DAY, point((2026, 1, 1), (2026, 1, 1)))

    def test_the_time_axis_has_short_names(self):
        months = [point((2026, 1, 1), (2026, 1, 31)), point((2026, 2, 1), (2026, 2, 28))]
        assert axis_labels(TrendPair(Group.MONTH, months), "kk") == ["қаң", "ақп"]
        two_years = [point((2025, 12, 1), (2025, 12, 31)), point((2026, 1, 1), (2026, 1, 31))]
        assert axis_labels(TrendPair(Group.MONTH, two_years), "en") == ["Dec 25", "Jan 26"]
        days = [point((2026, 3, 5), (2026, 3, 5))]
        assert axis_labels(TrendPair(Group.DAY, days), "ru") == ["5 мар"]
        quarters = [point((2026, 7, 1), (2026, 9, 30))]
        assert axis_labels(TrendPair(Group.QUARTER, quarters), "ru") == ["III кв. 2026"]
