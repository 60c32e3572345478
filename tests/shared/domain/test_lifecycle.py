import pytest

from shared.domain.lifecycle import holder_of, status_after, transitions
from shared.domain.taxonomy import taxonomy

FINAL = ["CLOSED", "FORWARDED", "RETURNED", "WITHDRAWN", "TERMINATED"]
STATUSES = list(taxonomy().statuses)


class TestStatusAfter:
    @pytest.mark.parametrize(
        ("status", "fact", "following"),
        [
            ("RECEIVED", "appeal-routed", "IN_REVIEW"),
            ("REGISTERED", "appeal-routed", "IN_REVIEW"),
            ("IN_REVIEW", "inquiry-sent", "AWAITING_PROVIDER"),
            ("AWAITING_PROVIDER", "inquiry-answered", "IN_REVIEW"),
            ("EXTENDED", "answer-given", "ANSWERED"),
            ("ANSWERED", "case-closed", "CLOSED"),
            ("NEEDS_FIX", "appeal-withdrawn", "WITHDRAWN"),
            ("IN_REVIEW", "clock-warned", "IN_REVIEW"),
            ("ANSWERED", "inquiry-sent", "ANSWERED"),
        ],
    )
    def test_a_fact_moves_the_status_or_leaves_it(self, status, fact, following):
        assert status_after(status, fact) == following

    def test_the_final_ones_are_the_side_exits_and_the_end(self):
        assert [code for code, status in taxonomy().statuses.items() if status.final] == FINAL

    @pytest.mark.parametrize("status", FINAL)
    def test_a_final_status_absorbs_every_fact(self, status):
        assert {status_after(status, fact) for _, fact in transitions()} == {status}

    @pytest.mark.parametrize("status", [status for status in STATUSES if status not in FINAL])
    def test_every_running_status_can_be_closed_and_withdrawn(self, status):
        assert status_after(status, "case-closed") == "CLOSED"
        assert status_after(status, "appeal-withdrawn") == "WITHDRAWN"

    def test_an_unknown_status_is_refused(self):
        with pytest.raises(KeyError):
            status_after("LOST", "case-closed")


class TestHolderOf:
    @pytest.mark.parametrize(
        ("status", "tier", "holder"),
        [
            ("RECEIVED", None, "FUND_TIER1"),
            ("IN_REVIEW", 3, "FUND_TIER3"),
            ("EXTENDED", 2, "FUND_TIER2"),
            ("AWAITING_PROVIDER", 2, "PROVIDER"),
            ("NEEDS_FIX", 2, "APPLICANT"),
            ("ANSWERED", 2, "APPLICANT"),
            ("FORWARDED", 2, "OTHER_BODY"),
            ("CLOSED", 2, "NONE"),
        ],
    )
    def test_who_is_to_act(self, status, tier, holder):
        assert holder_of(status, tier) == holder

    def test_every_status_names_a_known_holder(self):
        assert {holder_of(status, tier) for status in STATUSES for tier in (None, 1, 2, 3)} == set(taxonomy().holders)

    def test_a_fourth_tier_is_refused(self):
        with pytest.raises(KeyError):
            holder_of("IN_REVIEW", 4)
