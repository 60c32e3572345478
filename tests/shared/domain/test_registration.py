from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.regions import regions
from shared.domain.registration import registered_at
from shared.domain.working_hours import hours_for

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bare limits
REGIONS = st.sampled_from(sorted(regions()))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestRegisteredAt:
    @pytest.mark.parametrize(
        ("received", "registered"),
        [
            ("2026-02-02T09:15:00", "2026-02-02T09:15:00"),  # Monday 14:15 in Kyzylorda
            ("2026-02-02T04:00:00", "2026-02-02T04:00:00"),  # the opening itself
            ("2026-02-02T13:00:00", "2026-02-02T13:00:00"),  # the closing itself
            ("2026-02-02T03:59:59", "2026-02-02T04:00:00"),  # a second before opening
            ("2026-02-02T13:00:01", "2026-02-03T04:00:00"),  # a second after closing
            ("2026-02-06T15:00:00", "2026-02-09T04:00:00"),  # Friday evening
            ("2026-02-07T06:00:00", "2026-02-09T04:00:00"),  # Saturday
            ("2026-03-20T14:00:00", "2026-03-26T04:00:00"),  # the evening before Nauryz
            ("2026-02-01T19:30:00", "2026-02-02T04:00:00"),  # half past midnight on Monday, Sunday in UTC
        ],
    )
    def test_in_kyzylorda(self, received, registered):
        assert registered_at(utc(received), "KZ-43") == utc(registered)

    def test_before_march_2024_almaty_opened_an_hour_earlier_in_utc(self):
        assert registered_at(utc("2024-02-27T02:00:00"), "KZ-75") == utc("2024-02-27T03:00:00")

    def test_in_the_summer_of_2004_clocks_in_almaty_were_put_forward(self):
        assert registered_at(utc("2004-07-05T01:00:00"), "KZ-75") == utc("2004-07-05T02:00:00")

    @given(MOMENTS, REGIONS)
    def test_it_is_never_earlier_and_always_within_hours_of_a_working_day(self, received, region):
        registered = registered_at(received, region)
        local = registered.astimezone(regions()[region].timezone)
        hours = hours_for(region, local.date())
        assert registered >= received
        assert not working_calendar().is_day_off(local.date())
        assert hours.opens <= local.time() <= hours.closes
        assert registered_at(registered, region) == registered

    @given(MOMENTS, MOMENTS, REGIONS)
    def test_who_comes_first_is_registered_first(self, first, other, region):
        earlier, later = sorted((first, other))
        assert registered_at(earlier, region) <= registered_at(later, region)

    def test_a_time_without_a_zone_an_unknown_region_and_a_day_outside_the_calendar_are_refused(self):
        with pytest.raises(ValueError, match="zone"):
            registered_at(utc("2026-02-02T09:15:00").replace(tzinfo=None), "KZ-43")
        with pytest.raises(KeyError):
            registered_at(utc("2026-02-02T09:15:00"), "KZ-99")
        with pytest.raises(CalendarGap):
            registered_at(utc("1999-12-02T09:15:00"), "KZ-43")

    def test_beyond_the_reviewed_calendar_weekends_and_fixed_holidays_count(self):
        assert registered_at(utc("2029-01-01T09:15:00"), "KZ-43") == utc("2029-01-03T04:00:00")


class TestHoursFor:
    def test_every_branch_has_hours_today(self):
        assert all(hours_for(code, date(2026, 2, 2)).opens.hour == 9 for code in regions())

    def test_a_day_before_the_first_row_has_none(self):
        with pytest.raises(LookupError):
            hours_for("KZ-43", date(1999, 1, 1))
