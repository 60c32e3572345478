from datetime import UTC, date, datetime, timedelta

import pytest

from shared.web.formats import Formats

KK, RU, EN = Formats("kk"), Formats("ru"), Formats("en")
MOMENT = datetime(2026, 11, 23, 20, 40, tzinfo=UTC)


class TestNumber:
    def test_thousands_have_a_narrow_space_and_decimals_a_comma_in_kazakh_and_russian(self):
        assert KK.number(474708.5, 1) == RU.number(474708.5, 1) == "474\u202f708,5"
        assert EN.number(474708.5, 1) == "474,708.5"

    def test_a_half_is_rounded_up_and_not_to_the_even_neighbour(self):
        assert [RU.number(value, 1) for value in (0.25, 0.35, -0.25)] == ["0,3", "0,4", "−0,3"]

    def test_a_change_carries_its_sign_and_no_change_none(self):
        assert [RU.number(value, signed=True) for value in (111, -111, 0, -0.2)] == ["+111", "−111", "0", "0"]


class TestPercent:
    def test_the_sign_stands_apart_in_kazakh_and_russian(self):
        assert KK.percent(39.9) == RU.percent(39.9) == "39,9\u00a0%"
        assert EN.percent(-13.1, signed=True) == "−13.1%"


class TestDates:
    def test_a_day_is_written_as_people_write_it(self):
        day = date(2026, 11, 23)
        assert [f.date(day).replace("\u202f", " ").replace("\u00a0", " ") for f in (KK, RU, EN)] == [
            "2026 ж. 23 қараша",
            "23 ноября 2026 г.",
            "23 November 2026",
        ]

    def test_a_moment_is_shown_in_the_regions_zone_with_its_day(self):
        assert RU.datetime(MOMENT, "Asia/Almaty").replace("\u202f", " ").replace("\u00a0", " ") == "24 ноября 2026 г., 01:40"

    def test_a_moment_without_a_zone_is_refused(self):
        with pytest.raises(ValueError, match="zone"):
            KK.date(MOMENT)
        with pytest.raises(ValueError, match="aware"):
            KK.datetime(MOMENT.replace(tzinfo=None), "Asia/Almaty")


class TestDuration:
    @pytest.mark.parametrize(
        ("seconds", "kk", "ru", "en"),
        [
            (273_900, "3 күн 4 сағ", "3 дня 4 ч", "3 days 4 h"),
            (86_400 + 300, "1 күн", "1 день", "1 day"),
            (86_400 * 5, "5 күн", "5 дней", "5 days"),
            (7_500, "2 сағ 5 мин", "2 ч 5 мин", "2 h 5 min"),
            (59, "0 мин", "0 мин", "0 min"),
        ],
    )
    def test_the_two_largest_units_are_enough(self, seconds, kk, ru, en):
        assert [f.duration(timedelta(seconds=seconds)).replace("\u00a0", " ") for f in (KK, RU, EN)] == [kk, ru, en]
        assert KK.duration(seconds) == KK.duration(timedelta(seconds=seconds))
