import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from routing.cases.models import Answer, Correction
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.commands import COMMANDS
from routing.cases.service import actions
from tests.routing.support import NOW, QUESTION, sent

GOOD = {
    "language": "ru",
    "text": "Приём состоялся, врач предупреждён.",
    "findings": [{"category": "REFUSAL", "outcome": "JUSTIFIED", "fact": "Запись была отклонена.", "rule": "Приказ об организации приёма"}],
    "next_steps": "Вас примут в четверг.",
    "how_to_complain": "Вы можете обжаловать ответ в суде.",
}


@pytest.fixture
def specialist(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul")


@pytest.fixture
def supervisor(desk):
    return desk.token("supervisor", region="KZ-43", subject="boss")


async def facts(desk):
    return [(fact, json.loads(value)) for fact, value in await desk.emitted()]


async def rows(desk, table):
    async with desk.parts.database.read() as session:
        return (await session.execute(select(table))).scalars().all()


@pytest.fixture
def head(desk):
    return desk.token("head", region="KZ-43", subject="boss")


async def last(desk):
    fact, value = (await desk.emitted())[-1]
    return fact, json.loads(value)


async def contents(desk, *ids):
    who = desk.token("service", subject="intake")
    asked = {"ids": [str(content_id) for content_id in ids], "purpose": "tracking", "on_behalf_of": "somebody"}
    answer = await desk.client.post("/routing/internal/v1/contents", headers=who, json=asked)
    assert answer.status_code == 200, answer.text
    return [item["content"] for item in answer.json()["items"]]


class TestClaim:
    async def test_an_unassigned_case_is_assigned_to_the_claimant(self, desk, specialist):
        appeal_id = await desk.open()
        case = (await desk.carry_out(appeal_id, "claim", specialist)).json()
        assert (case["assignee"], case["version"], case["status"]) == ("aigul", 2, "IN_REVIEW")
        assert (case["history"][-1]["type"], case["history"][-1]["actor_role"]) == ("case-claimed", "specialist")

    async def test_the_event_does_not_name_the_clerk(self, desk, specialist):
        await desk.carry_out(await desk.open(), "claim", specialist)
        fact, payload = (await facts(desk))[-1]
        assert fact == "case-claimed"
        assert payload.keys() == {"appeal_id", "actor_role"}

    async def test_a_case_claimed_by_another_clerk_cannot_be_claimed(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "claim", desk.token("operator", subject="first"))
        refused = await desk.carry_out(appeal_id, "claim", specialist)
        assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")
        assert [each["action"] for each in refused.json()["next_actions"]] == [
            "classify", "escalate", "answer", "answer-and-close", "ask", "request-completion", "forward", "return", "log-call",
            "ask-provider", "request-extension", "split-issue", "set-finding", "link-duplicate", "protect",
        ]  # fmt: skip


class TestAssign:
    async def test_a_supervisor_assigns_a_case(self, desk, supervisor):
        await desk.get("/cases", desk.token("specialist", region="KZ-43", subject="aigul"))
        case = (await desk.carry_out(await desk.open(), "assign", supervisor, assignee="aigul")).json()
        assert (case["assignee"], case["history"][-1]["type"]) == ("aigul", "case-assigned")

    async def test_an_unknown_assignee_is_refused_with_the_possible_ones(self, desk, supervisor):
        for subject, role, region in (("aigul", "specialist", "KZ-43"), ("dana", "specialist", "KZ-27"), ("erlan", "expert", None)):
            await desk.get("/cases", desk.token(role, region=region, subject=subject, name=subject.title()))
        appeal_id = await desk.open()
        for unknown in ("arman", "dana", "erlan"):  # an unknown subject, and two colleagues who do not see the case
            refused = await desk.carry_out(appeal_id, "assign", supervisor, assignee=unknown)
            assert (refused.status_code, refused.json()["code"]) == (422, "unknown-assignee")
            assert unknown not in refused.text
            found = {each["subject"]: each for each in refused.json()["colleagues"]}
            assert found["aigul"] == {"subject": "aigul", "name": "Aigul", "role": "specialist", "region": "KZ-43", "absent_until": None}
            assert {"dana", "erlan"}.isdisjoint(found)
        assert (await desk.case(appeal_id))["assignee"] is None

    async def test_a_colleague_is_recorded_again_when_a_claim_changes(self, desk, supervisor):
        appeal_id = await desk.open()
        for region, status in (("KZ-27", 422), ("KZ-43", 200)):
            await desk.get("/cases", desk.token("specialist", region=region, subject="dana"))
            assert (await desk.carry_out(appeal_id, "assign", supervisor, assignee="dana")).status_code == status

    async def test_a_specialist_does_not(self, desk, specialist):
        refused = await desk.carry_out(await desk.open(), "assign", specialist, assignee="aigul")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


class TestClassify:
    async def test_kind_form_tier_and_queue_follow_the_correction(self, desk, specialist):
        appeal_id = await desk.open()
        case = (await desk.carry_out(appeal_id, "classify", specialist, kind="COMPLAINT", category="QUALITY_DEATH")).json()
        assert (case["category"], case["tier"], case["queue"], case["holder"]) == ("QUALITY_DEATH", 3, "KZ-43/3/ru", "FUND_TIER3")
        assert (await facts(desk))[-1][0] == "classification-corrected"
        assert case["classification"]["category"] == "REFUSAL_APPOINTMENT"

    async def test_a_correction_is_stored_with_the_codes_before_it(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "classify", specialist, kind="CONSULTATION", topic="PAY_RATES")
        (correction,) = await rows(desk, Correction)
        assert (correction.before["kind"], correction.after["kind"], correction.actor_role) == ("COMPLAINT", "CONSULTATION", "specialist")
        assert correction.before["category"] == "REFUSAL_APPOINTMENT"

    async def test_another_form_restarts_the_statutory_clock_from_the_same_day_for_all_to_see(self, desk, specialist):
        appeal_id = await desk.open()
        desk.clock.advance(timedelta(days=3))
        fields = {"kind": "COMPLAINT", "category": "FUND_DECISION", "statutory_form": "ZHALOBA"}
        case = (await desk.carry_out(appeal_id, "classify", specialist, **fields)).json()
        assert [(clock["policy"], clock["state"], clock["due_at"]) for clock in case["clocks"]] == [
            ("APPK_15WD", "REPLACED", "2026-02-23T18:59:59Z"),
            ("APPK_20WD", "RUNNING", "2026-03-02T18:59:59Z"),
        ]
        assert case["next_due_at"] == "2026-03-02T18:59:59Z"
        (_, corrected), (fact, started) = (await facts(desk))[-2:]
        assert (corrected["statutory_form"], fact, started["policy"]) == ("ZHALOBA", "clock-started", "APPK_20WD")
        assert started["started_at"] == "2026-02-02T09:15:00Z"
        assert case["history"][-1]["en"] == "Clock started: Statutory term of 20 working days, until 02.03.2026 23:59"

    async def test_the_first_tier_clock_follows_a_correction_to_and_from_a_consultation(self, desk, specialist):
        appeal_id = await desk.open()
        case = (await desk.carry_out(appeal_id, "classify", specialist, kind="CONSULTATION", topic="PAY_RATES")).json()
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"TIER1_ANSWER": "RUNNING", "APPK_15WD": "RUNNING"}
        case = (await desk.carry_out(appeal_id, "classify", specialist, kind="COMPLAINT", category="WAITING")).json()
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"TIER1_ANSWER": "REPLACED", "APPK_15WD": "RUNNING"}

    async def test_a_correction_to_another_tier_unassigns_the_case(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "claim", specialist)
        same = (await desk.carry_out(appeal_id, "classify", specialist, kind="COMPLAINT", category="WAITING")).json()
        other = (await desk.carry_out(appeal_id, "classify", specialist, kind="COMPLAINT", category="CORRUPTION")).json()
        assert (same["assignee"], other["assignee"]) == ("aigul", None)

    async def test_a_category_that_is_not_for_the_kind_is_refused_and_nothing_changes(self, desk, specialist):
        appeal_id = await desk.open()
        before = await desk.case(appeal_id)
        refused = await desk.carry_out(appeal_id, "classify", specialist, kind="CONSULTATION", category="WAITING")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "category")
        assert await desk.case(appeal_id) == before


class TestEscalate:
    async def test_an_escalated_case_moves_to_the_queue_of_the_next_tier_and_is_unassigned(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "claim", specialist)
        case = (await desk.carry_out(appeal_id, "escalate", specialist, reason="NEEDS_EXPERT")).json()
        assert (case["tier"], case["queue"], case["holder"], case["assignee"]) == (3, "KZ-43/3/ru", "FUND_TIER3", None)
        payload = {"appeal_id": str(appeal_id), "tier": 3, "queue": "KZ-43/3/ru", "reason": "NEEDS_EXPERT"}
        assert (await facts(desk))[-1] == ("tier-raised", payload)
        assert case["history"][-1]["ru"].endswith("Причина: Требуется заключение эксперта")

    async def test_the_third_tier_is_the_last(self, desk, supervisor):
        appeal_id = await desk.open(kind="COMPLAINT", category="QUALITY_DEATH")
        assert (await desk.carry_out(appeal_id, "escalate", supervisor, reason="URGENT")).json()["code"] == "action-not-possible"

    async def test_a_reason_that_is_no_code_is_refused(self, desk, specialist):
        refused = await desk.carry_out(await desk.open(), "escalate", specialist, reason="Мне так хочется")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-code")


class TestAnswer:
    async def test_an_answer_stops_the_clocks_and_its_text_is_stored_sealed(self, desk, specialist):
        appeal_id = await desk.open()
        case = (await desk.carry_out(appeal_id, "answer", specialist, **GOOD)).json()
        assert (case["status"], case["holder"], case["next_due_at"]) == ("ANSWERED", "APPLICANT", None)
        assert [clock["state"] for clock in case["clocks"]] == ["MET"]
        assert {name: case["answer"][name] for name in GOOD} == GOOD
        fact, payload = (await facts(desk))[-1]
        assert (fact, payload["findings"], payload["language"]) == ("answer-given", ["JUSTIFIED"], "ru")
        stored = await desk.engine.stored(desk.parts.database)
        for text in ("предупреждён", "отклонена", "четверг", "в суде"):
            assert text.encode() not in stored

    async def test_a_sealed_answer_cannot_be_opened_under_another_id(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "answer", specialist, **GOOD)
        (answer,) = await rows(desk, Answer)
        assert GOOD["text"].encode() in desk.parts.sealer.open("answer", answer.answer_id, "content", answer.content)
        with pytest.raises(Exception, match="changed or moved"):
            desk.parts.sealer.open("answer", appeal_id, "content", answer.content)

    async def test_an_answer_after_the_term_has_missed_it(self, desk, specialist):
        appeal_id = await desk.open()
        desk.clock.advance(timedelta(days=40))
        case = (await desk.carry_out(appeal_id, "answer", specialist, **GOOD)).json()
        assert ([clock["state"] for clock in case["clocks"]], case["overdue"]) == (["MISSED"], False)

    async def test_while_the_provider_is_silent_the_fund_may_answer(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.apply(sent(appeal_id))
        assert (await desk.carry_out(appeal_id, "answer", specialist, **GOOD)).json()["status"] == "ANSWERED"

    async def test_for_a_consultation_the_text_is_enough(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        answered = await desk.carry_out(appeal_id, "answer", desk.token("operator"), language="kk", text="1414 нөміріне қоңырау шалыңыз.")
        assert answered.json()["status"] == "ANSWERED"

    @pytest.mark.parametrize(
        ("missing", "field", "code"),
        [
            ({"findings": []}, "findings", "required"),
            ({"findings": [GOOD["findings"][0] | {"category": "WAITING"}]}, "findings", "issue-without-finding"),
            ({"next_steps": None}, "next_steps", "required"),
            ({"how_to_complain": None}, "how_to_complain", "required"),
        ],
    )
    async def test_an_incomplete_answer_is_refused(self, desk, specialist, missing, field, code):
        appeal_id = await desk.open()
        refused = await desk.carry_out(appeal_id, "answer", specialist, **(GOOD | missing))
        assert refused.status_code == 422
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
        assert (await desk.case(appeal_id))["status"] == "IN_REVIEW"
        assert await rows(desk, Answer) == []


class TestClose:
    async def test_an_answered_case_is_closed_with_its_outcome(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "answer", specialist, **GOOD)
        case = (await desk.carry_out(appeal_id, "close", specialist, outcome="JUSTIFIED")).json()
        assert (case["status"], case["outcome"], case["holder"], case["next_actions"]) == ("CLOSED", "JUSTIFIED", "NONE", [])
        assert (await facts(desk))[-1] == (
            "case-closed", {"appeal_id": str(appeal_id), "outcome": "JUSTIFIED", "actor_role": "specialist"},
        )  # fmt: skip

    async def test_a_case_that_was_not_answered_is_not_closed(self, desk, specialist):
        assert (await desk.carry_out(await desk.open(), "close", specialist, outcome="NOTED")).json()["code"] == "action-not-possible"

    async def test_the_combined_outcome_of_former_registers_is_refused(self, desk, specialist):
        refused = await desk.carry_out(await desk.open(), "close", specialist, outcome="ON_SPOT_OR_WITHDRAWN_UNSPLIT")
        assert refused.status_code == 422


class TestConflicts:
    async def test_the_second_of_two_changes_to_one_version_is_refused_with_the_current_version(self, desk, specialist, supervisor):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "claim", specialist, expected_version=1)
        refused = await desk.carry_out(appeal_id, "assign", supervisor, expected_version=1, assignee="x")
        assert (refused.status_code, refused.json()["code"], refused.json()["current_version"]) == (409, "version-conflict", 2)
        assert (await desk.case(appeal_id))["assignee"] == "aigul"

    async def test_an_action_on_an_invisible_case_is_not_found(self, desk):
        appeal_id = await desk.open()
        stranger = desk.token("specialist", region="KZ-75")
        refused = await desk.carry_out(appeal_id, "claim", stranger, expected_version=1)
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")

    async def test_an_admin_sees_everything_and_acts_on_nothing(self, desk):
        assert (await desk.carry_out(await desk.open(), "claim", desk.token("admin"))).status_code == 403


class TestAsk:
    async def test_the_text_is_stored_sealed_and_read_by_the_id_of_the_question(self, desk, specialist):
        case = (await desk.carry_out(await desk.open(), "ask", specialist, text="Қай күні бардыңыз?", language="kk")).json()
        fact, payload = await last(desk)
        assert (case["status"], case["holder"], fact, payload["due_at"]) == (
            "AWAITING_APPLICANT", "APPLICANT", "applicant-asked", "2026-02-09T18:59:59Z",
        )  # fmt: skip
        assert case["letters"][0]["text"] == "Қай күні бардыңыз?"
        (content,) = await contents(desk, payload["question_id"])
        assert (content["text"], content["language"]) == ("Қай күні бардыңыз?", "kk")
        assert "бардыңыз".encode() not in await desk.engine.stored(desk.parts.database)

    async def test_a_second_question_is_refused_while_the_first_is_open(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "ask", specialist, text="Қашан?", language="kk")
        refused = await desk.carry_out(appeal_id, "ask", specialist, text="Қашан?", language="kk")
        assert (refused.status_code, "answer" in [each["action"] for each in refused.json()["next_actions"]]) == (409, True)


class TestRequestCompletion:
    async def test_the_event_names_each_missing_datum_once(self, desk, specialist):
        missing = ["ADDRESS", "SIGNATURE", "ADDRESS"]
        case = (await desk.carry_out(await desk.open(), "request-completion", specialist, missing=missing, language="ru")).json()
        fact, payload = await last(desk)
        assert (case["status"], fact, payload["missing"]) == ("NEEDS_FIX", "completion-asked", ["ADDRESS", "SIGNATURE"])

    async def test_an_unknown_code_is_refused(self, desk, specialist):
        refused = await desk.carry_out(await desk.open(), "request-completion", specialist, missing=["SHOE_SIZE"], language="ru")
        assert refused.status_code == 422


class TestEndings:
    async def test_a_returned_appeal_is_finished_with_its_ground(self, desk, specialist):
        case = (await desk.carry_out_approved(await desk.open(), "return", specialist, ground="SAME_AS_CLOSED")).json()
        assert (case["status"], case["outcome"], case["next_due_at"], case["clocks"][0]["state"]) == ("RETURNED", "RETURNED", None, "MET")
        fact, payload = await last(desk)
        assert (fact, payload["ground"], payload["actor_role"]) == ("case-returned", "SAME_AS_CLOSED", "head")

    async def test_a_crime_is_not_returned(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        refused = await desk.carry_out(appeal_id, "return", desk.token("expert"), ground="OBSCENE")
        assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")

    async def test_a_head_terminates_what_a_supervisor_proposes(self, desk, head):
        appeal_id = await desk.open()
        supervisor = desk.token("supervisor", region="KZ-43")
        asked = (await desk.carry_out(appeal_id, "terminate", supervisor, ground="COURT_ACT")).json()
        assert (asked["status"], asked["awaits_approval"], asked["approval_action"]) == ("IN_REVIEW", True, "terminate")
        case = (await desk.carry_out(appeal_id, "approve", head)).json()
        assert (case["status"], case["outcome"]) == ("TERMINATED", "TERMINATED")

    async def test_an_operator_can_neither_terminate_return_nor_forward(self, desk):
        appeal_id = await desk.open()
        for action, fields in (("terminate", {"ground": "COURT_ACT"}), ("return", {"ground": "OBSCENE"}), ("forward", {"body": "POLICE"})):
            assert (await desk.carry_out(appeal_id, action, desk.token("operator"), **fields)).status_code == 403


class TestForward:
    async def test_the_whole_appeal_is_forwarded_with_a_letter_to_the_applicant(self, desk, specialist):
        text = "Вопрос вне компетенции Фонда."
        case = (await desk.carry_out(await desk.open(), "forward", specialist, body="LABOUR_SOCIAL", text=text)).json()
        fact, payload = await last(desk)
        assert (case["status"], case["holder"], case["outcome"], fact) == ("FORWARDED", "OTHER_BODY", "FORWARDED", "case-forwarded")
        assert [content["text"] for content in await contents(desk, UUID(payload["letter_id"]))] == [text]

    async def test_forwarding_a_part_leaves_the_case_open(self, desk, specialist):
        case = (await desk.carry_out(await desk.open(), "forward", specialist, body="LABOUR_SOCIAL", part=True)).json()
        assert (case["status"], case["outcome"], (await last(desk))[0]) == ("IN_REVIEW", None, "part-forwarded")

    @pytest.mark.parametrize("part", [False, True])
    @pytest.mark.parametrize("days", [0, 10])
    async def test_its_letter_is_read_with_the_case_whether_late_or_not(self, desk, specialist, part, days):
        appeal_id = await desk.open()
        desk.clock.set(NOW + timedelta(days=days))
        await desk.carry_out(appeal_id, "forward", specialist, body="POLICE", text="Жіберілді.", part=part)
        assert [letter["text"] for letter in (await desk.case(appeal_id, specialist))["letters"]] == ["Жіберілді."]

    async def test_forwarding_after_three_working_days_is_marked_as_late(self, desk, specialist):
        appeal_id = await desk.open()
        desk.clock.set(NOW + timedelta(days=10))
        case = (await desk.carry_out(appeal_id, "forward", specialist, body="POLICE")).json()
        assert (case["status"], case["history"][-1]["type"]) == ("FORWARDED", "case-forwarded-late")


class TestRedirect:
    async def test_the_clock_of_a_danger_stops_with_its_redirection(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        case = (await desk.carry_out(appeal_id, "redirect", desk.token("expert"), body="POLICE")).json()
        assert ((await last(desk))[0], case["redirected_to"], case["status"]) == ("danger-passed-on", "POLICE", "IN_REVIEW")
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"REDIRECT_CRIME": "MET", "APPK_15WD": "RUNNING"}
        assert case["next_due_at"] == "2026-02-23T18:59:59Z"

    async def test_a_crime_found_by_a_clerk_is_reported(self, desk, specialist):
        case = (await desk.carry_out(await desk.open(), "classify", specialist, kind="COMPLAINT", category="EXTORTION")).json()
        assert (case["danger"], (await last(desk))[0]) == ("EXTORTION", "danger-reported")


class TestCommands:
    def test_every_action_has_a_command_and_an_implementation(self):
        assert {command.ACTION for command in COMMANDS} == set(CaseAction)
        assert set(actions._ACTIONS) == set(COMMANDS)
