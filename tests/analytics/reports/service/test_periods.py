from datetime import date

import pytest

from analytics.kpis.schemas import Compare
from analytics.reports.service.periods import ReportPeriod, periods_of_year
from shared.errors import InvalidInput


class TestReportPeriod:
    @pytest.mark.parametrize(
        ("code", "first", "last"),
        [
            ("2025", date(2025, 1, 1), date(2025, 12, 31)), ("2021-H1", date(2021, 1, 1), date(2021, 6, 30)),
            ("2021-H2", date(2021, 7, 1), date(2021, 12, 31)), ("2025-Q3", date(2025, 7, 1), date(2025, 9, 30)),
            ("2024-02", date(2024, 2, 1), date(2024, 2, 29)), ("2025-12", date(2025, 12, 1), date(2025, 12, 31)),
        ],
    )  # fmt: skip
    def test_a_code_is_a_period_of_whole_months(self, code, first, last):
        period = ReportPeriod.of_code(code)
        assert (period.code, period.days.first, period.days.last) == (code, first, last)
        assert period.months[0] == code[:4] + f"-{first.month:02d}"

    @pytest.mark.parametrize(
        "code", ["", "25", "2025-", "2025-H3", "2025-Q0", "2025-13", "2025-00", "1999", "2100", "2025-1", "２０２５", "2025\n"]
    )
    def test_another_text_is_refused(self, code):
        with pytest.raises(InvalidInput):
            ReportPeriod.of_code(code)

    @pytest.mark.parametrize(
        ("code", "year_before", "period_before"),
        [
            ("2025", "2024", "2024"), ("2025-H1", "2024-H1", "2024-H2"), ("2025-H2", "2024-H2", "2025-H1"),
            ("2025-Q1", "2024-Q1", "2024-Q4"), ("2025-Q4", "2024-Q4", "2025-Q3"), ("2025-01", "2024-01", "2024-12"),
            ("2025-03", "2024-03", "2025-02"),
        ],
    )  # fmt: skip
    def test_it_is_compared_with_the_year_or_the_period_before(self, code, year_before, period_before):
        period = ReportPeriod.of_code(code)
        for compare, expected in ((Compare.PREVIOUS_YEAR, year_before), (Compare.PREVIOUS_PERIOD, period_before)):
            before = period.compared(compare)
            assert before.code == expected
            assert before.days == period.days.compared(compare)

    def test_every_period_of_a_year_has_names_in_both_languages(self):
        periods = [ReportPeriod(2025, unit, number) for unit, number in periods_of_year()]
        assert len(periods) == 19
        for period in periods:
            for language in ("kk", "ru"):
                assert "{" not in "".join(period.name(language))
        assert ReportPeriod.of_code("2024-H2").name("ru").compared == "со вторым полугодием 2024 года"
        assert ReportPeriod.of_code("2025-09").name("kk").as_time == "2025 жылғы қыркүйекте"
