import pytest

from analytics.dashboard.service.chart import Shape
from analytics.dashboard.service.reading import Needs
from analytics.dashboard.service.sections import needs_of
from analytics.kpis.schemas import Compare
from analytics.kpis.service import DashboardSection
from tests.analytics.dashboard.service.sections_worlds import figure, plain, sections


def sentence_of(chart_id, *figures):
    """Return the sentence of a chart."""
    return plain(sections(*figures).charts()[chart_id].sentence)


class TestNeeds:
    def test_the_chart_of_holders_needs_the_figures_of_times_alone(self):
        assert needs_of("held") == Needs(frozenset({DashboardSection.TIME}), frozenset())

    def test_an_unknown_chart_needs_nothing(self):
        assert needs_of("unknown") is None


class TestTotalSentence:
    @pytest.mark.parametrize(
        ("compare", "as_before"),
        [
            (Compare.PREVIOUS_YEAR, "as many as in the same period a year before"),
            (Compare.PREVIOUS_PERIOD, "as many as in the period before"),
        ],
    )
    def test_an_equal_number_is_compared_with_the_chosen_period(self, compare, as_before):
        same = figure("complaints", 40, 40, 0.0)
        text = plain(sections(same, compare=compare).total_sentence(same))
        assert text.startswith("40 complaints in all")
        assert as_before in text


class TestNumbers:
    def test_deadlines_begin_with_the_share_in_time_and_name_overdue_and_extended_appeals(self):
        figures = figure("answered_in_time", 94.5), figure("overdue", 3), figure("extended", 1)
        text = sentence_of("deadlines", *figures)
        assert "94.5%" in text
        assert text.endswith("3 appeals are overdue or were answered late. The term of 1 appeal was extended.")

    def test_a_number_of_nothing_is_not_named(self):
        assert sentence_of("deadlines", figure("overdue", 0), figure("extended", 2)) == "The term of 2 appeals was extended."

    def test_checked_solutions_are_the_verified_and_the_refuted_ones(self):
        text = sentence_of("quality", figure("verified", 8), figure("refuted", 2), figure("unproven", 1))
        checked = "10 solutions were checked by telephone: 8 verified, 2 refuted."
        assert text == f"{checked} 1 complaint is left unproven; silence does not count as a solution."

    def test_without_a_check_only_unproven_complaints_are_named(self):
        text = sentence_of("quality", figure("verified", 0), figure("refuted", None), figure("unproven", 5))
        assert text == "5 complaints are left unproven; silence does not count as a solution."


class TestHeld:
    def test_the_share_of_a_holder_is_its_average_time_weighted_by_its_appeals(self):
        figures = (
            figure("held_by_fund", 100.0, n=6),
            figure("held_by_provider", 300.0, n=1),
            figure("held_by_applicant", 50.0, n=2),
        )
        held = sections(*figures).charts()["held"]
        expected = "Of the time, the Fund held appeals for 60%, medical organisations for 30%, applicants for 10%."
        assert plain(held.sentence) == expected
        assert held.shape is Shape.SHARES
        assert [line.code for line in held.lines] == ["held_by_fund", "held_by_provider", "held_by_applicant"]
        assert [plain(str(held.drawing.body)).count(text) > 0 for text in ("60 %", "30 %", "10 %")] == [True, True, True]
        assert plain(held.drawing.label) == f"Who has held the appeals. {expected}"

    def test_without_a_measured_time_there_is_no_chart(self):
        figures = [figure(f"held_by_{party}", None, n=0) for party in ("fund", "provider", "applicant")]
        assert "held" not in sections(*figures).charts()
