from datetime import UTC, datetime

import pytest

from analytics.kpis.schemas import Compare
from analytics.reports.schemas import ReportContent, ReportNumbers
from analytics.reports.service.outcomes import timeliness_sentences
from analytics.reports.service.wording import Wording

KNOWN = {
    "answered_share": 80.0, "answered_in_time": 75.0, "answer_time_median": 3_600.0, "answer_time_p90": 7_200.0,
    "overdue": 3, "extended": 2, "reopened": 1, "satisfaction": 4.25,
}  # fmt: skip
ANSWERED = "Ответ дан на 80,0 % обращений."
IN_TIME = "Доля ответов в срок – 75,0 %."
TIMES = "Половина ответов дана не позднее чем через 1 ч, девять из десяти – через 2 ч."
LATE = "С нарушением срока – 3, с продлённым сроком – 2, рассмотрено повторно – 1."
SCORE = "Средняя оценка заявителей – 4,3 из 5 (оценок: 12)."


def sentences(n=12, **changed):
    """Return the sentences about times in Russian. Figures that are None were not measured."""
    figures = {code: ReportNumbers(metric_version=1, value=value, n=n) for code, value in (KNOWN | changed).items()}
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    content = ReportContent(region="KZ-43", period="2025", compare=Compare.PREVIOUS_YEAR, as_of=as_of, figures=figures, before={})
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in timeliness_sentences(content, Wording("ru"))]


class TestTimelinessSentences:
    def test_measured_times_and_the_mean_score_are_stated(self):
        assert sentences() == [ANSWERED, IN_TIME, TIMES, LATE, SCORE]

    @pytest.mark.parametrize(
        ("missing", "expected"),
        [
            ("answered_share", [IN_TIME, TIMES, LATE, SCORE]),
            ("answered_in_time", [ANSWERED, TIMES, LATE, SCORE]),
            ("answer_time_median", [ANSWERED, IN_TIME, LATE, SCORE]),
            ("answer_time_p90", [ANSWERED, IN_TIME, LATE, SCORE]),
            ("satisfaction", [ANSWERED, IN_TIME, TIMES, LATE]),
        ],
    )
    def test_a_figure_that_was_not_measured_has_no_sentence(self, missing, expected):
        assert sentences(**{missing: None}) == expected

    def test_imported_appeals_have_no_time_of_an_answer(self):
        assert sentences(n=0) == ["Обращения этого периода перенесены из прежнего реестра, поэтому время ответа неизвестно."]
