from datetime import date

import pytest

from analytics.dashboard.service.choices import Choice, period_of, periods_to_choose
from analytics.kpis.schemas import Compare
from analytics.kpis.service import Period, PeriodUnit
from shared.errors import InvalidInput

TODAY = date(2026, 11, 15)


class TestPeriodOf:
    @pytest.mark.parametrize(
        ("code", "first", "last"),
        [
            ("2026", (2026, 1, 1), (2026, 12, 31)),
            ("2026-H2", (2026, 7, 1), (2026, 12, 31)),
            ("2026-Q1", (2026, 1, 1), (2026, 3, 31)),
            ("2024-02", (2024, 2, 1), (2024, 2, 29)),
            ("2025-12", (2025, 12, 1), (2025, 12, 31)),
        ],
    )
    def test_codes_are_those_of_reports(self, code, first, last):
        assert period_of(code) == Period(date(*first), date(*last))

    @pytest.mark.parametrize("code", ["", "2026-Q5", "2026-H3", "2026-13", "1999", "2026-1", "২০২৬"])
    def test_another_text_is_none(self, code):
        assert period_of(code) is None


class TestPeriodsToChoose:
    def test_the_current_period_comes_first(self):
        offered = periods_to_choose(TODAY)
        assert offered[None][:2] == ["2026-11", "2026-10"]
        assert offered[None][-1] == "2025-11"
        assert offered[PeriodUnit.QUARTER][:3] == ["2026-Q4", "2026-Q3", "2026-Q2"]
        assert offered[PeriodUnit.HALF] == ["2026-H2", "2026-H1", "2025-H2"]
        assert offered[PeriodUnit.YEAR] == ["2026", "2025", "2024"]
        assert all(period_of(code) for codes in offered.values() for code in codes)


class TestChoice:
    def test_a_period_that_is_not_over_ends_today(self):
        wanted = Choice(period="2026-11").request(TODAY)
        assert wanted.period == Period(date(2026, 11, 1), TODAY)
        assert wanted.compare is Compare.PREVIOUS_YEAR

    def test_filters_and_no_comparison_are_passed_on(self):
        chosen = Choice.of_parameters({"period": "2025", "compare": "none", "tier": "2", "channel": " APP ", "topic": ""}, "KZ-43")
        wanted = chosen.request(TODAY)
        assert (wanted.compare, wanted.region, wanted.filters.tier, wanted.filters.channel) == (None, "KZ-43", 2, "APP")

    @pytest.mark.parametrize(
        ("choice", "field"),
        [
            (Choice(period="2026-Q9"), "period"),
            (Choice(period="2027"), "period"),
            (Choice(first="2026-01-01"), "to"),
            (Choice(period="2025", compare="ever"), "compare"),
            (Choice(period="2025", filters={"tier": "9"}), "tier"),
        ],
    )
    def test_a_wrong_parameter_is_named(self, choice, field):
        with pytest.raises(InvalidInput) as caught:
            choice.request(TODAY)
        assert [error.field for error in caught.value.errors] == [field]

    def test_an_address_holds_what_is_chosen(self):
        choice = Choice(period="2025-Q3", region="KZ-43", filters={"channel": "APP"})
        assert choice.href() == "/analytics/dashboard?period=2025-Q3&compare=previous_year&region=KZ-43&channel=APP"
        assert choice.href("/x", channel=None, category="DRUGS") == "/x?period=2025-Q3&compare=previous_year&region=KZ-43&category=DRUGS"

    def test_another_period_takes_the_place_of_days(self):
        choice = Choice(first="2025-01-01", last="2025-02-03")
        assert choice.href() == "/analytics/dashboard?from=2025-01-01&to=2025-02-03&compare=previous_year"
        assert choice.href(period="2025") == "/analytics/dashboard?compare=previous_year&period=2025"
