"""When a colleague works."""

from datetime import date, time

import pytest

from routing.cases.schemas.staffing import Shift
from routing.cases.schemas.views import ColleagueView
from routing.cases.service.shifts import absence_of, days_ahead, is_present, shift_on
from tests.routing.people import local

NINE_TO_SIX = Shift(time(9), time(18))
SHORT = {"begins": "10:00", "ends": "14:00"}


def colleague(**given):
    usual = {"subject": "aigul", "name": None, "role": "specialist", "region": "KZ-43", "absent_until": None, "absences": None}
    return ColleagueView(**(usual | {"capacity": None, "languages": None, "tiers": None, "shifts": None, "left_at": None} | given))


class TestShifts:
    @pytest.mark.parametrize(
        ("day", "shifts", "expected"),
        [
            (date(2026, 2, 2), None, NINE_TO_SIX),
            (date(2026, 2, 7), None, None),  # a Saturday
            (date(2026, 2, 7), [*[None] * 5, SHORT, None], Shift(time(10), time(14))),
            (date(2026, 2, 2), [*[None] * 5, SHORT, None], None),
            (date(2026, 3, 9), [SHORT] * 7, None),  # the day off for 8 March, a Sunday
            (date(2025, 1, 3), None, None),  # moved to Sunday 5 January
            (date(2025, 1, 5), None, NINE_TO_SIX),
            (date(2025, 1, 5), [*[SHORT] * 6, None], NINE_TO_SIX),
            (date(2025, 1, 5), [SHORT] * 7, Shift(time(10), time(14))),
        ],
    )
    def test_they_follow_the_calendar_of_the_branch(self, day, shifts, expected):
        assert shift_on(colleague(shifts=shifts), day) == expected

    def test_a_colleague_without_a_region_has_the_hours_of_the_central_office(self):
        assert is_present(colleague(region=None), local(2, 9))
        assert not is_present(colleague(region=None), local(2, 8, 59))


class TestAbsences:
    def test_one_begins_on_its_first_day_and_ends_on_the_day_of_return(self):
        away = colleague(absences=[{"first_day": "2026-02-03", "return_on": "2026-02-05", "deputy": None}])
        assert [is_present(away, local(day, 12)) for day in (2, 3, 4, 5)] == [True, False, False, True]
        assert absence_of(away, local(3, 0)) == date(2026, 2, 5)
        assert absence_of(away, local(2, 23)) is None
        days = days_ahead(away, local(2, 12), 4)
        assert [(found.shift, found.is_absent) for found in days] == [
            (NINE_TO_SIX, False),
            (None, True),
            (None, True),
            (NINE_TO_SIX, False),
        ]

    def test_one_recorded_before_they_had_a_first_day_counts(self):
        assert absence_of(colleague(absent_until=date(2026, 2, 5)), local(4, 12)) == date(2026, 2, 5)
        assert absence_of(colleague(absent_until=date(2026, 2, 5)), local(5, 0)) is None
