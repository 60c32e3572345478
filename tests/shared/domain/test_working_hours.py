from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import CalendarGap
from shared.domain.working_hours import add_working_hours

MONDAY = datetime(2026, 2, 2, 4, tzinfo=UTC)  # nine o'clock in Kyzylorda, where a branch works until six


class TestAddWorkingHours:
    @pytest.mark.parametrize(
        ("start", "hours", "end"),
        [
            (MONDAY, 4, MONDAY + timedelta(hours=4)),
            (MONDAY, 9, MONDAY + timedelta(hours=9)),
            (MONDAY, 10, MONDAY + timedelta(days=1, hours=1)),
            (MONDAY - timedelta(hours=3), 4, MONDAY + timedelta(hours=4)),
            (MONDAY + timedelta(hours=12), 4, MONDAY + timedelta(days=1, hours=4)),
            (datetime(2026, 2, 6, 11, tzinfo=UTC), 4, datetime(2026, 2, 9, 6, tzinfo=UTC)),
            (datetime(2026, 3, 20, 12, tzinfo=UTC), 4, datetime(2026, 3, 26, 7, tzinfo=UTC)),
        ],
        ids=["within a day", "until closing", "over night", "before opening", "after closing", "over a weekend", "over Nauryz"],
    )
    def test_only_opening_hours_count(self, start, hours, end):
        assert add_working_hours(start, hours, "KZ-43") == end

    @given(st.integers(0, 20_000), st.integers(0, 40), st.integers(0, 40))
    def test_two_spans_end_where_their_sum_ends(self, minutes, first, second):
        start = MONDAY + timedelta(minutes=minutes)
        once = add_working_hours(start, first + second, "KZ-43")
        assert add_working_hours(add_working_hours(start, first, "KZ-43"), second, "KZ-43") == once or second == 0

    def test_outside_the_calendar_there_is_no_end(self):
        with pytest.raises(CalendarGap):
            add_working_hours(datetime(1998, 1, 5, tzinfo=UTC), 4, "KZ-43")
