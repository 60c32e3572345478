import json
from datetime import timedelta
from uuid import uuid4

import pytest

from routing.cases.errors import UnknownAppeal
from routing.cases.service import ClockHistory
from routing.clocks.service import ClockWatcher
from shared.contracts import AppealRated, AppealWithdrawn, InquiryAnswered, MessageAdded, OutcomeConfirmed, OutcomeDenied
from tests.routing.cases.service.test_actions import GOOD
from tests.routing.support import NOW, QUESTION, about, registered


@pytest.fixture
def operator(desk):
    return desk.token("operator")


async def answered(desk, operator, **given):
    """A case with an answer; returns its id and the answer's."""
    is_complaint = given.get("kind") == "COMPLAINT"
    about = {"category": "REFUSAL_APPOINTMENT"} if is_complaint else {"text": QUESTION, "kind": "CONSULTATION"}
    appeal_id = await desk.open(**(about | given))
    fields = GOOD if is_complaint else {"language": "ru", "text": "Проверьте на сайте."}
    await desk.carry_out(appeal_id, "answer", operator, **fields)
    return appeal_id, (await published(desk))[-1][1]["answer_id"]


async def published(desk):
    return [(fact, json.loads(value)) for fact, value in await desk.emitted()]


def message(appeal_id):
    return MessageAdded(appeal_id=appeal_id, message_id=uuid4(), attachments=0)


class TestMessageAdded:
    async def test_a_message_brings_a_waiting_case_back_and_stops_the_applicants_clock(self, desk, operator):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "request-completion", operator, missing=["ADDRESS"], language="ru")
        waiting = await desk.case(appeal_id)
        await desk.apply(message(appeal_id))
        case = await desk.case(appeal_id)
        assert (waiting["status"], waiting["holder"]) == ("NEEDS_FIX", "APPLICANT")
        assert (case["status"], case["has_news"], case["version"]) == ("IN_REVIEW", True, waiting["version"] + 1)
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"APPK_15WD": "RUNNING", "FIX_PERIOD": "MET"}
        assert (await desk.carry_out(appeal_id, "claim", operator)).json()["has_news"] is False

    async def test_repeated_messages_count_once(self, desk):
        appeal_id = await desk.open()
        events = [message(appeal_id), AppealRated(appeal_id=appeal_id, score=4), message(appeal_id)]
        envelopes = await desk.apply(*events)
        await desk.apply(*events, envelopes=envelopes)
        case = await desk.case(appeal_id)
        assert (case["version"], case["score"], len(case["history"])) == (3, 4, 4)

    async def test_an_appeal_without_a_case_is_refused_by_name(self, desk):
        with pytest.raises(UnknownAppeal):
            await desk.apply(message(uuid4()))


class TestAppealWithdrawn:
    async def test_a_withdrawal_finishes_the_case_and_stops_its_clocks(self, desk):
        appeal_id = await desk.open()
        before = len(await published(desk))
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SETTLED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"], case["next_due_at"], case["clocks"][0]["state"]) == ("WITHDRAWN", "WITHDRAWN", None, "MET")
        assert len(await published(desk)) == before

    async def test_a_closed_case_stays_as_it_was(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="PAY_RATES", resolved_in_contact=True)
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SETTLED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"]) == ("CLOSED", "EXPLAINED")

    @pytest.mark.parametrize(
        ("action", "fields", "status", "outcome"),
        [
            ("return", {"ground": "OBSCENE"}, "RETURNED", "RETURNED"),
            ("forward", {"body": "OTHER_BODY"}, "FORWARDED", "FORWARDED"),
            ("answer", {"language": "ru", "text": "Проверьте на сайте."}, "ANSWERED", None),
        ],
    )
    async def test_an_earlier_decision_stands_and_the_late_withdrawal_is_entered(self, desk, action, fields, status, outcome):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        carry_out = desk.carry_out_approved if action == "return" else desk.carry_out
        answered = await carry_out(appeal_id, action, desk.token("specialist", region="KZ-43"), **fields)
        assert answered.status_code == 200, answered.text
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SOLVED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"]) == (status, outcome)
        assert [row["type"] for row in case["history"]][-2:] == ["appeal-withdrawn", "withdrawal-late"]

    async def test_a_reported_crime_still_has_to_be_redirected(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="PRESSURE"))
        case = await desk.case(appeal_id)
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"REDIRECT_CRIME": "RUNNING", "APPK_15WD": "MET"}
        passed_on = (await desk.carry_out(appeal_id, "redirect", desk.token("expert"), body="POLICE")).json()
        assert (passed_on["status"], passed_on["redirected_to"], passed_on["next_due_at"]) == ("WITHDRAWN", "POLICE", None)


class TestOutcome:
    @pytest.mark.parametrize(("kind", "outcome"), [("CONSULTATION", "EXPLAINED"), ("COMPLAINT", "JUSTIFIED")])
    async def test_a_confirmed_answer_closes_the_case_with_its_own_outcome(self, desk, operator, kind, outcome):
        appeal_id, answer_id = await answered(desk, operator, kind=kind)
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=answer_id))
        case = await desk.case(appeal_id)
        fact, payload = (await published(desk))[-1]
        assert (case["status"], case["outcome"], case["holder"]) == ("CLOSED", outcome, "NONE")
        assert (fact, payload["outcome"], payload["actor_role"]) == ("case-closed", outcome, "applicant")

    @pytest.mark.parametrize(
        ("codes", "confirmed"),
        [
            (["RESOLVED"], "RESOLVED_ON_SPOT"),
            (["EXPLANATION", "RESOLVED"], "RESOLVED_ON_SPOT"),
            (["RESOLVED", "REFUSED_LAWFULLY"], "JUSTIFIED"),
            (["EXPLANATION"], "JUSTIFIED"),
        ],
    )
    async def test_what_the_provider_says_to_have_resolved_is_so_once_the_applicant_confirms(self, desk, operator, codes, confirmed):
        outcomes = {}
        for event in (OutcomeConfirmed, OutcomeDenied):
            appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
            for code in codes:
                await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code=code))
            await desk.carry_out(appeal_id, "answer", operator, **GOOD)
            answer_id = (await published(desk))[-1][1]["answer_id"]
            further = {"followed_by": uuid4()} if event is OutcomeDenied else {}
            await desk.apply(event(appeal_id=appeal_id, answer_id=answer_id, **further))
            outcomes[event] = (await desk.case(appeal_id))["outcome"]
        assert outcomes == {OutcomeConfirmed: confirmed, OutcomeDenied: "JUSTIFIED"}

    async def test_a_response_after_the_answer_says_nothing_of_the_answer_that_is_confirmed(self, desk, operator):
        appeal_id, answer_id = await answered(desk, operator, kind="COMPLAINT")
        await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="RESOLVED"))
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=answer_id))
        assert (await desk.case(appeal_id))["outcome"] == "JUSTIFIED"

    @pytest.mark.parametrize(("responses", "outcome"), [(0, "EXPLAINED"), (1, "RESOLVED_ON_SPOT")])
    async def test_a_response_before_a_denial_says_nothing_of_the_next_answer(self, desk, responses, outcome):
        appeal_id, clerk = await desk.open(text=QUESTION, kind="CONSULTATION"), desk.token("specialist", region="KZ-43")

        async def resolve():
            await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="RESOLVED"))

        async def answer():
            await desk.carry_out(appeal_id, "answer", clerk, language="ru", text="Проверьте на сайте.")
            return (await published(desk))[-1][1]["answer_id"]

        await resolve()
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=await answer(), followed_by=None))
        for _ in range(responses):
            await resolve()
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=await answer()))
        assert (await desk.case(appeal_id))["outcome"] == outcome

    async def test_a_clerk_who_closes_a_case_without_a_confirmation_does_not_make_it_resolved(self, desk, operator):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await desk.apply(about(InquiryAnswered, appeal_id, response_id=uuid4(), code="RESOLVED"))
        await desk.carry_out(appeal_id, "answer", operator, **GOOD)
        assert (await desk.carry_out(appeal_id, "close", operator, outcome="JUSTIFIED")).json()["outcome"] == "JUSTIFIED"

    async def test_another_answer_than_the_latest_confirms_nothing(self, desk, operator):
        appeal_id, _ = await answered(desk, operator)
        await desk.apply(OutcomeConfirmed(appeal_id=appeal_id, answer_id=uuid4()))
        assert (await desk.case(appeal_id))["status"] == "ANSWERED"

    async def test_a_disputed_consultation_goes_one_tier_up_with_a_clock_and_once(self, desk, operator):
        appeal_id, answer_id = await answered(desk, operator)
        for _ in range(2):
            await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=None))
        case = await desk.case(appeal_id)
        assert (case["status"], case["tier"], case["queue"], case["assignee"]) == ("IN_REVIEW", 2, "KZ-43/2/ru", None)
        assert [clock["policy"] for clock in case["clocks"] if clock["state"] == "RUNNING"] == ["DENIED_ANSWER"]
        assert case["next_due_at"] == "2026-02-05T18:59:59Z"
        assert [payload["reason"] for fact, payload in await published(desk) if fact == "tier-raised"] == ["NOT_SATISFIED"]

    async def test_a_later_correction_does_not_restart_a_met_clock(self, desk, operator):
        appeal_id, answer_id = await answered(desk, operator)
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=None))
        supervisor = desk.token("supervisor", region="KZ-43")
        case = (await desk.carry_out(appeal_id, "classify", supervisor, kind="CONSULTATION", topic="PAY_RATES")).json()
        assert [clock["policy"] for clock in case["clocks"] if clock["state"] == "RUNNING"] == ["DENIED_ANSWER"]
        assert len(case["clocks"]) == 3

    async def test_a_case_that_continues_in_a_new_appeal_is_closed(self, desk, operator):
        appeal_id, answer_id = await answered(desk, operator, kind="COMPLAINT")
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=uuid4()))
        assert (await desk.case(appeal_id))["outcome"] == "JUSTIFIED"


class TestOpenSpecialCases:
    async def test_a_consultation_answered_in_the_contact_opens_closed_without_running_clocks(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="PAY_RATES", resolved_in_contact=True)
        case = await desk.case(appeal_id)
        assert (case["status"], case["outcome"], case["next_due_at"], case["next_actions"]) == ("CLOSED", "EXPLAINED", None, [])
        assert {clock["state"] for clock in case["clocks"]} == {"MET"}
        assert [fact for fact, _ in await published(desk)] == ["appeal-routed", "case-closed"]
        assert [row["type"] for row in case["history"]] == ["appeal-routed", "case-closed"]

    async def test_a_following_appeal_names_the_earlier_one_and_begins_on_its_tier(self, desk):
        first = registered()
        await desk.apply(first)
        case = await desk.case(await desk.open(follows=first.appeal_id, lowest_tier=3, answer_by="SMS"))
        assert (case["follows"], case["follows_number"]) == (str(first.appeal_id), first.number)
        assert (case["tier"], case["queue"], case["answer_by"]) == (3, "KZ-43/3/ru", "SMS")

    async def test_a_crime_is_reported_at_once_even_if_the_appeal_is_anonymous(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION", anonymous=True)
        case = await desk.case(appeal_id)
        (payload,) = [payload for fact, payload in await published(desk) if fact == "danger-reported"]
        assert (payload["ground"], payload["body"], payload["due_at"]) == ("CRIME", "POLICE", "2026-02-02T18:59:59Z")
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"REDIRECT_CRIME": "RUNNING", "APPK_15WD": "RUNNING"}
        assert (case["danger"], case["history"][-1]["type"]) == ("EXTORTION", "danger-reported")

    async def test_a_danger_is_not_closed_by_the_contact(self, desk):
        given = {"kind": "COMPLAINT", "category": "CORRUPTION", "resolved_in_contact": True}
        assert (await desk.case(await desk.open(text=None, has_text=False, **given)))["status"] == "IN_REVIEW"

    async def test_the_providers_own_service_has_five_calendar_days_from_receipt(self, desk):
        case = await desk.case(await desk.open(channel="SPP"))
        assert {clock["policy"]: clock["due_at"] for clock in case["clocks"]}["SPP_5CD"] == "2026-02-07T18:59:59Z"


class TestFixPeriod:
    async def test_after_the_fix_period_a_return_is_proposed_and_nothing_happens_automatically(self, desk, operator):
        appeal_id = await desk.open(anonymous=True)
        await desk.carry_out(appeal_id, "request-completion", operator, missing=["ADDRESS"], language="kk")
        desk.clock.set(NOW + timedelta(days=9))
        async with desk.parts.units.write() as work:
            await ClockWatcher(ClockHistory()).watch(work)
        case = await desk.case(appeal_id, desk.token("head", region="KZ-43"))
        (proposed,) = [action for action in case["next_actions"] if action["suggested"]]
        assert (case["status"], proposed["action"], proposed["fields"][0]["value"]) == ("NEEDS_FIX", "return", "NOT_COMPLETED")
