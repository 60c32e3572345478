from datetime import date

import pytest

from analytics.sentences.service.names import joined, period_name, period_phrase, region_about, region_inside, region_source


class TestPeriods:
    @pytest.mark.parametrize(
        ("first", "last", "name", "phrase"),
        [
            ((2025, 1, 1), (2025, 12, 31), ("2025 жыл", "2025 год", "2025"), ("2025 жылы", "за 2025 год", "in 2025")),
            (
                (2026, 7, 1), (2026, 12, 31), ("2026 жылғы II жартыжылдық", "II полугодие 2026 года", "H2 2026"),
                ("2026 жылғы II жартыжылдықта", "за II полугодие 2026 года", "in H2 2026"),
            ),
            (
                (2026, 7, 1), (2026, 9, 30), ("2026 жылғы III тоқсан", "III квартал 2026 года", "Q3 2026"),
                ("2026 жылғы III тоқсанда", "за III квартал 2026 года", "in Q3 2026"),
            ),
            (
                (2024, 2, 1), (2024, 2, 29), ("2024 жылғы ақпан", "февраль 2024 года", "February 2024"),
                ("2024 жылғы ақпанда", "в феврале 2024 года", "in February 2024"),
            ),
            (
                (2026, 1, 1), (2026, 10, 31), ("2026 жылғы қаңтар – қазан", "январь – октябрь 2026 года", "January to October 2026"),
                ("2026 жылғы қаңтар – қазан аралығында", "за январь – октябрь 2026 года", "from January to October 2026"),
            ),
            (
                (2026, 2, 1), (2026, 4, 30), ("2026 жылғы ақпан – сәуір", "февраль – апрель 2026 года", "February to April 2026"),
                ("2026 жылғы ақпан – сәуір аралығында", "за февраль – апрель 2026 года", "from February to April 2026"),
            ),
        ],
    )  # fmt: skip
    def test_whole_months_have_a_name(self, first, last, name, phrase):
        days = date(*first), date(*last)
        assert tuple(period_name(*days).as_dict().values()) == name
        assert tuple(period_phrase(*days).as_dict().values()) == phrase

    def test_other_periods_are_named_by_their_days(self):
        days = date(2026, 1, 1), date(2026, 2, 5)
        assert period_name(*days).en == "1 January 2026 – 5 February 2026"
        assert period_phrase(*days).ru.replace("\u00a0", " ") == "с 1 января 2026\u202fг. по 5 февраля 2026\u202fг."
        assert period_phrase(days[0], days[0]).en == "on 1 January 2026"

    def test_months_of_two_years_are_named_by_their_days(self):
        assert period_name(date(2025, 12, 1), date(2026, 1, 31)).en == "1 December 2025 – 31 January 2026"


class TestRegions:
    def test_a_region_stands_in_a_sentence(self):
        assert tuple(region_inside("KZ-43").as_dict().values()) == (
            "Қызылорда облысында",
            "в Кызылординской области",
            "in Kyzylorda Region",
        )
        assert region_about("KZ-71").kk == "Астана қаласы бойынша"
        assert region_about(None).ru == "по Казахстану"
        assert tuple(region_source("KZ-71").as_dict().values()) == ("Астана қаласынан", "из города Астаны", "from Astana")
        assert region_source(None).kk == "еліміздің барлық өңірінен"


class TestJoined:
    def test_a_list_ends_with_and(self):
        assert joined([], "kk") == ""
        assert joined(["a"], "ru") == "a"
        assert joined(["a", "b", "c"], "kk") == "a, b және c"
