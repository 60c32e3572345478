import json
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from shared.contracts import (
    AppealWithdrawn,
    CaseReopened,
    CommitmentEnded,
    CommitmentMade,
    InquirySent,
    OutcomeConfirmed,
    OutcomeDenied,
    OutcomeVerified,
    ProposalAnswered,
    ProposalUnanswered,
    SolutionProposed,
)
from tests.routing.cases.service.test_actions import GOOD
from tests.routing.support import NOW

PROVIDER, INQUIRY, PROPOSAL, LATER, PROMISE = (UUID(int=900 + number) for number in range(5))
ON_SPOT = "RESOLVED_ON_SPOT"
OUTCOME = {"outcome": ON_SPOT}


@pytest.fixture
def operator(desk):
    return desk.token("operator")


async def complaint(desk, **given):
    """A complaint that waits for its provider."""
    appeal_id = await desk.open(category="REFUSAL_APPOINTMENT", kind="COMPLAINT", **given)
    ids = {"inquiry_id": INQUIRY, "provider_id": PROVIDER}
    await desk.apply(InquirySent(appeal_id=appeal_id, category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=False, **ids))
    return appeal_id


def proposed(appeal_id, proposal_id=PROPOSAL):
    until = NOW + timedelta(days=5)
    ids = {"proposal_id": proposal_id, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
    return SolutionProposed(appeal_id=appeal_id, language="kk", answer_until=until, **ids)


def replied(appeal_id, *, confirmed=True, proposal_id=PROPOSAL):
    return ProposalAnswered(appeal_id=appeal_id, proposal_id=proposal_id, confirmed=confirmed, method="TRACK")


def unanswered(appeal_id):
    return ProposalUnanswered(appeal_id=appeal_id, proposal_id=PROPOSAL, inquiry_id=INQUIRY, provider_id=PROVIDER)


def checked(appeal_id, result, about="PROPOSAL", answer_id=None):
    proposal_id = PROPOSAL if about == "PROPOSAL" else None
    ids = {"check_id": uuid4(), "proposal_id": proposal_id, "provider_id": PROVIDER, "answer_id": answer_id}
    return OutcomeVerified(appeal_id=appeal_id, about=about, result=result, actor_role="operator", **ids)


def ended(appeal_id, result):
    return CommitmentEnded(appeal_id=appeal_id, commitment_id=PROMISE, inquiry_id=INQUIRY, provider_id=PROVIDER, result=result)


async def close(desk, appeal_id, who, **fields):
    """Answer and close; returns the status of the response."""
    return await desk.carry_out(appeal_id, "answer-and-close", who, **GOOD, **(fields or OUTCOME))


async def offered_outcomes(desk, appeal_id):
    actions = {action["action"]: action for action in (await desk.case(appeal_id, desk.token("operator")))["next_actions"]}
    return next(field["options"] for field in actions["answer-and-close"]["fields"] if field["name"] == "outcome")


async def reopenings(desk):
    return [json.loads(value) for fact, value in await desk.emitted() if fact == CaseReopened.FACT]


class TestProposal:
    async def test_the_case_waits_for_the_applicant_and_comes_back_with_news(self, desk):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id))
        waiting = await desk.case(appeal_id)
        await desk.apply(replied(appeal_id))
        case = await desk.case(appeal_id)
        assert (waiting["status"], waiting["holder"], waiting["has_news"]) == ("AWAITING_APPLICANT", "APPLICANT", False)
        assert (case["status"], case["has_news"]) == ("IN_REVIEW", True)
        assert [entry["type"] for entry in case["history"]][-2:] == ["solution-proposed", "proposal-confirmed"]
        assert case["history"][-1]["actor_role"] == "applicant"

    async def test_a_confirmed_one_lets_the_clerk_close_as_resolved_on_the_spot(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        assert (await offered_outcomes(desk, appeal_id))[0] == ON_SPOT
        assert (await close(desk, appeal_id, operator)).json()["outcome"] == ON_SPOT

    @pytest.mark.parametrize(
        "story",
        [
            [],
            [proposed],
            [proposed, unanswered],
            [proposed, lambda each: replied(each, confirmed=False)],
            [proposed, lambda each: replied(each, confirmed=False), replied],
            [proposed, replied, lambda each: proposed(each, LATER), lambda each: replied(each, confirmed=False, proposal_id=LATER)],
            [proposed, replied, lambda each: checked(each, "REFUTED")],
            [proposed, replied, lambda each: ended(each, "BROKEN")],
        ],
    )
    async def test_without_a_confirmation_that_stands_it_is_impossible(self, desk, operator, story):
        appeal_id = await complaint(desk)
        for event in story:
            await desk.apply(event(appeal_id))
        assert ON_SPOT not in await offered_outcomes(desk, appeal_id)
        refused = await close(desk, appeal_id, operator)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "applicants-outcome")

    @pytest.mark.parametrize("late", [True, False])
    async def test_an_answer_after_the_term_or_before_its_end_is_known_counts(self, desk, operator, late):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id))
        await desk.apply(*([unanswered(appeal_id), replied(appeal_id)] if late else [replied(appeal_id), unanswered(appeal_id)]))
        assert (await close(desk, appeal_id, operator)).status_code == 200

    async def test_a_finding_never_says_that_it_was_resolved_on_the_spot(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        findings = [{**GOOD["findings"][0], "outcome": ON_SPOT}]
        assert (await desk.carry_out(appeal_id, "answer", operator, **{**GOOD, "findings": findings})).status_code == 422

    async def test_a_held_answer_is_taken_back_when_the_confirmation_is_refuted_meanwhile(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        await close(desk, appeal_id, operator, outcome=ON_SPOT, hold_seconds=30)
        await desk.apply(checked(appeal_id, "REFUTED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"]) == ("IN_REVIEW", None)

    async def test_the_applicant_who_confirms_the_answer_confirms_the_solution(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        await desk.carry_out(appeal_id, "answer", operator, **GOOD)
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=await answer_of(desk)))
        assert (await desk.case(appeal_id))["outcome"] == ON_SPOT

    async def test_an_applicant_who_disputes_the_answer_confirms_nothing_any_more(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        await desk.carry_out(appeal_id, "answer", operator, **GOOD)
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=await answer_of(desk), followed_by=None))
        assert (await close(desk, appeal_id, operator)).status_code == 422


async def answer_of(desk):
    return [json.loads(value)["answer_id"] for fact, value in await desk.emitted() if fact == "answer-given"][-1]


STATES = {
    "AWAITING_PROVIDER": [],
    "ANSWERED": [("answer", GOOD)],
    "CLOSED": [("answer-and-close", {**GOOD, "outcome": "JUSTIFIED"})],
    "RETURNED": [("return", {"ground": "NOT_COMPLETED"})],
    "TERMINATED": [("terminate", {"ground": "ANONYMOUS"})],
    "WITHDRAWN": [],
}


class TestReopening:
    @pytest.mark.parametrize("status", STATES)
    async def test_a_broken_promise_reopens_one_tier_higher_whatever_the_status(self, desk, status):
        appeal_id = await complaint(desk)
        for action, fields in STATES[status]:
            carry_out = desk.carry_out_approved if action in {"return", "terminate"} else desk.carry_out
            assert (await carry_out(appeal_id, action, desk.token("head", region="KZ-43"), **fields)).status_code == 200
        if status == "WITHDRAWN":
            await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SOLVED"))
        before = await desk.case(appeal_id)
        assert before["status"] == status
        await desk.apply(ended(appeal_id, "BROKEN"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["tier"], case["outcome"], case["has_news"]) == ("IN_REVIEW", before["tier"] + 1, None, True)
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]}["REOPENED"] == "RUNNING"
        assert [(event["reason"], event["tier"]) for event in await reopenings(desk)] == [("PROMISE_BROKEN", case["tier"])]
        assert [entry["type"] for entry in case["history"]][-2:] == ["commitment-broken", "case-reopened"]

    async def test_on_the_top_tier_it_stays_there_with_its_clerk(self, desk):
        appeal_id = await complaint(desk)
        for _ in range(3):
            await desk.apply(ended(appeal_id, "BROKEN"))
        case = await desk.case(appeal_id)
        assert (case["tier"], len(await reopenings(desk))) == (3, 3)
        assert sorted(clock["state"] for clock in case["clocks"] if clock["policy"] == "REOPENED") == ["MET", "MET", "RUNNING"]

    @pytest.mark.parametrize("result", ["KEPT", "EXCUSED", "NO_ANSWER"])
    async def test_no_other_end_of_a_promise_reopens(self, desk, result):
        appeal_id = await complaint(desk)
        made = {"commitment_id": PROMISE, "inquiry_id": INQUIRY, "provider_id": PROVIDER}
        await desk.apply(CommitmentMade(appeal_id=appeal_id, due_on=date(2026, 2, 12), language="kk", **made))
        await desk.apply(ended(appeal_id, result))
        case = await desk.case(appeal_id)
        assert (await reopenings(desk), case["has_news"]) == ([], result == "NO_ANSWER")

    async def test_a_refuted_confirmation_takes_the_outcome_back(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        await close(desk, appeal_id, operator)
        await desk.apply(checked(appeal_id, "REFUTED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"]) == ("IN_REVIEW", None)
        assert [event["reason"] for event in await reopenings(desk)] == ["CONFIRMATION_REFUTED"]

    @pytest.mark.parametrize("result", ["VERIFIED", "UNREACHED"])
    @pytest.mark.parametrize("about", ["PROPOSAL", "WITHDRAWAL"])
    async def test_nothing_but_a_refutation_changes_the_case(self, desk, operator, result, about):
        appeal_id = await complaint(desk)
        await desk.apply(proposed(appeal_id), replied(appeal_id))
        await close(desk, appeal_id, operator)
        await desk.apply(checked(appeal_id, result, about))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"], await reopenings(desk)) == ("CLOSED", ON_SPOT, [])

    async def test_a_refuted_withdrawal_reopens(self, desk):
        appeal_id = await complaint(desk)
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SOLVED"), checked(appeal_id, "REFUTED", "WITHDRAWAL"))
        case = await desk.case(appeal_id)
        assert (case["status"], [event["reason"] for event in await reopenings(desk)]) == ("IN_REVIEW", ["WITHDRAWAL_REFUTED"])

    async def test_a_withdrawal_that_the_decision_overruled_has_nothing_to_reopen(self, desk, operator):
        appeal_id = await complaint(desk)
        await close(desk, appeal_id, operator, outcome="JUSTIFIED")
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SOLVED"), checked(appeal_id, "REFUTED", "WITHDRAWAL"))
        assert ((await desk.case(appeal_id))["status"], await reopenings(desk)) == ("CLOSED", [])

    async def test_a_refuted_answer_reopens_the_case_that_ended_with_it(self, desk, operator):
        appeal_id = await complaint(desk)
        await desk.carry_out(appeal_id, "answer", operator, **GOOD)
        answer_id = await answer_of(desk)
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=answer_id))
        assert (await desk.case(appeal_id))["status"] == "CLOSED"
        for other in (checked(appeal_id, "VERIFIED", "ANSWER", answer_id), checked(appeal_id, "REFUTED", "ANSWER", uuid4())):
            await desk.apply(other)
            assert ((await desk.case(appeal_id))["status"], await reopenings(desk)) == ("CLOSED", [])
        await desk.apply(checked(appeal_id, "REFUTED", "ANSWER", answer_id), checked(appeal_id, "REFUTED", "ANSWER", answer_id))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"], case["has_news"]) == ("IN_REVIEW", None, True)
        assert [event["reason"] for event in await reopenings(desk)] == ["CONFIRMATION_REFUTED"]

    async def test_the_same_events_again_change_nothing(self, desk):
        appeal_id = await complaint(desk)
        events = [proposed(appeal_id), replied(appeal_id), ended(appeal_id, "BROKEN")]
        envelopes = await desk.apply(*events)
        first = await desk.case(appeal_id)
        await desk.apply(*events, envelopes=envelopes)
        assert (await desk.case(appeal_id), len(await reopenings(desk))) == (first, 1)
