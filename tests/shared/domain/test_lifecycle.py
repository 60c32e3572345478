from dataclasses import dataclass, replace

import pytest

from shared.domain import lifecycle
from shared.domain.lifecycle import REOPENED, CaseStatus, Holder, holder_of, status_after, transitions
from shared.domain.tables import ReferenceDataError, parse_rows
from shared.domain.taxonomy import taxonomy

FINAL = ["CLOSED", "FORWARDED", "RETURNED", "WITHDRAWN", "TERMINATED"]
STATUSES = list(taxonomy().statuses)
DECISIONS = {
    "answer-given": "ANSWERED", "case-closed": "CLOSED", "case-returned": "RETURNED", "case-terminated": "TERMINATED",
    "case-forwarded": "FORWARDED", "complaint-passed-up": "FORWARDED",
}  # fmt: skip


class TestCodes:
    def test_the_enumerations_are_the_codes_of_the_files_in_their_order(self):
        assert list(CaseStatus) == list(taxonomy().statuses)
        assert list(Holder) == list(taxonomy().holders)

    def test_a_file_with_another_status_stops_the_start(self, monkeypatch):
        changed = replace(taxonomy(), statuses={**taxonomy().statuses, "LOST": taxonomy().statuses["CLOSED"]})
        monkeypatch.setattr(lifecycle, "taxonomy", lambda: changed)
        with pytest.raises(ReferenceDataError, match=r"statuses\.csv.*LOST"):
            transitions.__wrapped__()


class TestStatusAfter:
    @pytest.mark.parametrize(
        ("status", "fact", "following"),
        [
            ("RECEIVED", "appeal-routed", "IN_REVIEW"),
            ("REGISTERED", "appeal-routed", "IN_REVIEW"),
            ("IN_REVIEW", "inquiry-sent", "AWAITING_PROVIDER"),
            ("AWAITING_PROVIDER", "inquiry-answered", "IN_REVIEW"),
            ("AWAITING_PROVIDER", "solution-proposed", "AWAITING_APPLICANT"),
            ("AWAITING_APPLICANT", "proposal-answered", "IN_REVIEW"),
            ("AWAITING_APPLICANT", "proposal-unanswered", "IN_REVIEW"),
            ("ANSWERED", "solution-proposed", "ANSWERED"),
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

    @pytest.mark.parametrize("status", [status for status in FINAL if status != "WITHDRAWN"])
    def test_a_final_status_absorbs_every_fact_but_the_reopening(self, status):
        assert {status_after(status, fact) for _, fact in transitions() if fact != REOPENED} == {status}

    @pytest.mark.parametrize("status", [status for status in STATUSES if status != "IN_REVIEW"])
    def test_whatever_is_reopened_is_in_review(self, status):
        assert status_after(status, REOPENED) == "IN_REVIEW"

    def test_a_table_that_leads_out_of_a_final_status_by_another_fact_stops_the_start(self, monkeypatch):
        table = parse_rows("lifecycle.csv", "# source: a test\nstatus,fact,next\nCLOSED,answer-given,ANSWERED\n")
        monkeypatch.setattr(lifecycle, "rows", lambda _file: table)
        with pytest.raises(ReferenceDataError):
            transitions.__wrapped__()

    def test_what_was_withdrawn_gives_way_to_a_decision_or_a_reopening_and_to_nothing_else(self):
        moved = {fact: status_after("WITHDRAWN", fact) for _, fact in transitions() if fact != REOPENED}
        assert {fact: status for fact, status in moved.items() if status != "WITHDRAWN"} == DECISIONS

    @pytest.mark.parametrize("status", [status for status in STATUSES if status not in FINAL])
    def test_every_running_status_can_be_closed_and_until_it_is_decided_withdrawn(self, status):
        assert status_after(status, "case-closed") == "CLOSED"
        assert status_after(status, "appeal-withdrawn") == ("ANSWERED" if status == "ANSWERED" else "WITHDRAWN")

    def test_an_unknown_status_is_refused(self):
        with pytest.raises(KeyError):
            status_after("LOST", "case-closed")


APPLICANT, CLERK = 0, 1
ACTS_EACH = 3


@dataclass(frozen=True)
class World:
    """Intake and routing, each with its status, acts left, events not sent and events not read yet; `logged`: what the whole log says."""

    status: tuple[str, str] = ("IN_REVIEW", "IN_REVIEW")
    left: tuple[int, int] = (ACTS_EACH, ACTS_EACH)
    outbox: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    unread: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    logged: str = "IN_REVIEW"

    def next(self):
        """Every world that one more step leads to: an act, an event sent, or one read."""
        for who in (APPLICANT, CLERK):
            yield from (self._acted(who, fact) for fact in self._possible(who))
            if self.outbox[who]:
                first, *rest = self.outbox[who]
                unread = _store(self.unread, 1 - who, (*self.unread[1 - who], first))
                yield replace(self, outbox=_store(self.outbox, who, tuple(rest)), unread=unread, logged=status_after(self.logged, first))
            if self.unread[who]:
                first, *rest = self.unread[who]
                following = status_after(self.status[who], first)
                yield replace(self, unread=_store(self.unread, who, tuple(rest)), status=_store(self.status, who, following))

    def _acted(self, who, fact):
        moved, left = status_after(self.status[who], fact), self.left[who] - 1
        outbox = _store(self.outbox, who, (*self.outbox[who], fact))
        return replace(self, status=_store(self.status, who, moved), left=_store(self.left, who, left), outbox=outbox)

    def _possible(self, who):
        """What the two services let each of them do in the status that they see."""
        status = self.status[who]
        if status in FINAL or not self.left[who]:
            return []
        if who == APPLICANT:
            return ["outcome-denied"] if status == "ANSWERED" else ["appeal-withdrawn"]
        if status == "ANSWERED":
            return ["case-closed"]
        asking = ["applicant-asked"] if status == "IN_REVIEW" else []
        return ["answer-given", "case-returned", "case-terminated", "case-forwarded", *asking]


def _store(pair, who, value):
    return (value, pair[1]) if who == APPLICANT else (pair[0], value)


class TestTogether:
    def test_whatever_crosses_a_withdrawal_both_services_and_the_readers_of_the_log_end_alike(self):
        seen, ahead, ends = set(), {World()}, set()
        while ahead:
            world = ahead.pop()
            seen.add(world)
            ahead |= set(world.next()) - seen
            if not any((*world.outbox, *world.unread)):
                assert {*world.status} == {world.logged}, world
                ends.add(world.logged)
        assert ends >= {*FINAL, "ANSWERED"}

    def test_what_the_clerk_decided_before_hearing_of_a_withdrawal_holds(self):
        for fact, status in DECISIONS.items():
            crossing = World(status=("WITHDRAWN", status), logged=status_after(status_after("IN_REVIEW", "appeal-withdrawn"), fact))
            assert (status_after(crossing.status[APPLICANT], fact), status_after(status, "appeal-withdrawn")) == (status, status)


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
