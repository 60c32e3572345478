import pytest

from analytics.dashboard.service.advice import advice_of
from analytics.dashboard.service.lines import Line
from analytics.kpis.service import UNSPECIFIED
from tests.analytics.dashboard.service.sections_worlds import chart, figure, plain, sections


def advice(*figures, charts=(), **values):
    """Return the sentences, addresses and tones of the advice."""
    found = advice_of(sections(*figures, **values), {each.id: each for each in charts})
    return [(plain(each.text), each.href, each.link, each.tone) for each in found]


CALM = ("Nothing has changed that needs urgent action.", "#changes", "All figures", "")


class TestComplaints:
    def test_an_unchanged_number_of_complaints_is_stated_and_is_no_reason_to_act(self):
        unchanged = ("The number of complaints is unchanged: 40.", "#changes", "Complaints over time", "")
        assert advice(figure("complaints", 40, 40, 0.0)) == [unchanged, CALM]

    def test_no_complaints_in_both_periods_are_not_mentioned(self):
        assert advice(figure("complaints", 0, 0)) == [CALM]


class TestOverdue:
    def test_a_visitor_who_handles_appeals_is_led_to_the_cases_that_wait_and_to_all_overdue_appeals(self):
        (found,) = advice_of(sections(figure("overdue", 3), sees_appeals=True), {})
        assert plain(found.text) == "3 appeals are past the statutory term. Begin with them."
        assert found.href == "/routing/desk?tab=overdue&received_from=2025-01-01&received_to=2025-12-31"
        assert (found.link, found.tone) == ("Open those that wait at the desk", "worse")
        href, link = found.more
        assert href.startswith("/analytics/dashboard/appeals?")
        assert "kpi=overdue" in href
        assert link == "Show these appeals"

    def test_filters_that_the_desk_has_are_those_of_the_link(self):
        asked = {"channel": "APP", "category": "REFUSAL_APPOINTMENT"}
        (found,) = advice_of(sections(figure("overdue", 3), sees_appeals=True, filters=asked), {})
        assert found.href.endswith("&channel=APP&category=REFUSAL_APPOINTMENT")

    @pytest.mark.parametrize("given", [{"filters": {"district": "Арал"}}, {"filters": {"category": "REFUSAL"}}, {"region": "KZ-43"}])
    def test_what_the_desk_cannot_narrow_leads_to_the_overdue_appeals_alone(self, given):
        (found,) = advice_of(sections(figure("overdue", 3), sees_appeals=True, **given), {})
        assert (found.href.partition("?")[0], found.link, found.more) == ("/analytics/dashboard/appeals", "Show these appeals", None)

    def test_an_analyst_is_led_to_the_chart_of_deadlines(self):
        assert advice(figure("overdue", 1)) == [("1 appeal is past the statutory term. Begin with them.", "#time", "Deadlines", "worse")]


class TestInTime:
    @pytest.mark.parametrize(
        ("now", "before", "text", "tone"),
        [
            (90.0, 94.5, "Fewer answers are in time: 90.0% after 94.5% (−4.5 pp).", "worse"),
            (95.5, 94.5, "More answers are in time: 95.5% after 94.5% (+1.0 pp).", "better"),
        ],
    )
    def test_a_changed_share_is_mentioned_with_both_values(self, now, before, text, tone):
        assert advice(figure("answered_in_time", now, before))[0] == (text, "#time", "Deadlines", tone)

    def test_a_change_of_less_than_a_percentage_point_is_not_mentioned(self):
        assert advice(figure("answered_in_time", 94.0, 94.5)) == [CALM]


class TestProvider:
    def test_an_organisation_with_a_fifth_of_the_complaints_is_named(self):
        lines = [Line(UNSPECIFIED, "Not given", "appeals", 50, share=50.0), Line("P", "Polyclinic 1", "appeals", 20, share=20.0, href="?p")]
        text = "20.0% of the complaints are about one organisation: “Polyclinic 1”, 20. Find out the cause with it."
        assert advice(charts=[chart("providers", *lines)]) == [(text, "?p", "Show these complaints", "worse")]

    def test_the_link_leads_to_the_complaints_for_a_visitor_who_may_read_them_and_else_to_the_chart(self):
        listed = Line("P", "Polyclinic 1", "appeals", 20, share=20.0, href="?p", appeals_href="?appeals")
        assert advice(charts=[chart("providers", listed)])[0][1] == "?appeals"
        assert advice(charts=[chart("providers", Line("P", "Polyclinic 1", "appeals", 20, share=20.0))])[0][1] == "#providers"

    @pytest.mark.parametrize(("value", "share"), [(20, 19.9), (4, 80.0), (None, None)])
    def test_a_small_share_or_a_few_complaints_are_not_mentioned(self, value, share):
        assert advice(charts=[chart("providers", Line("P", "Polyclinic 1", "appeals", value, share=share))]) == [CALM]


class TestProofs:
    def test_refuted_and_unproven_solutions_are_mentioned_in_this_order(self):
        assert advice(figure("unproven", 7), figure("refuted", 2)) == [
            ("2 solutions were refuted by telephone. These complaints must be open again.", "#quality", "Quality", "worse"),
            ("The solution of 7 complaints is not confirmed by the applicant. Check by telephone.", "#quality", "Quality", "worse"),
        ]

    def test_a_visitor_who_handles_appeals_is_led_to_the_complaints(self):
        ((_, href, link, _),) = advice(figure("refuted", 2), sees_appeals=True)
        assert href.startswith("/analytics/dashboard/appeals?")
        assert "kpi=refuted" in href
        assert link == "Show these complaints"

    def test_nothing_refuted_is_not_mentioned(self):
        assert advice(figure("refuted", 0), figure("unproven", None)) == [CALM]
