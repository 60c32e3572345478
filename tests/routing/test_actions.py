"""The further steps of the desk; claiming, answering and the like are in `test_service`."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from tests.routing.support import NOW


@pytest.fixture
def specialist(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul")


@pytest.fixture
def head(desk):
    return desk.token("head", region="KZ-43", subject="boss")


async def last(desk):
    fact, value = (await desk.emitted())[-1]
    return fact, json.loads(value)


async def contents(desk, *ids):
    who = desk.token("service", subject="intake")
    asked = {"ids": [str(one) for one in ids], "purpose": "tracking", "on_behalf_of": "somebody"}
    answer = await desk.client.post("/routing/internal/v1/contents", headers=who, json=asked)
    assert answer.status_code == 200, answer.text
    return [item["content"] for item in answer.json()["items"]]


class TestAsk:
    async def test_the_words_stay_here_sealed_and_are_read_by_the_questions_id(self, desk, specialist):
        case = (await desk.act(await desk.open(), "ask", specialist, text="Қай күні бардыңыз?", language="kk")).json()
        fact, said = await last(desk)
        assert (case["status"], case["holder"], fact, said["due_at"]) == (
            "AWAITING_APPLICANT", "APPLICANT", "applicant-asked", "2026-02-09T18:59:59Z",
        )  # fmt: skip
        assert case["letters"][0]["text"] == "Қай күні бардыңыз?"
        (content,) = await contents(desk, said["question_id"])
        assert (content["text"], content["language"]) == ("Қай күні бардыңыз?", "kk")
        assert "бардыңыз".encode() not in await desk.engine.stored(desk.parts.database)

    async def test_a_second_question_takes_the_place_of_the_first_ones_clock(self, desk, specialist):
        appeal_id = await desk.open()
        await desk.act(appeal_id, "ask", specialist, text="Қашан?", language="kk")
        refused = await desk.act(appeal_id, "ask", specialist, text="Қашан?", language="kk")
        assert (refused.status_code, "answer" in [each["action"] for each in refused.json()["next_actions"]]) == (409, True)


class TestRequestCompletion:
    async def test_codes_of_what_is_missing_are_told_each_once(self, desk, specialist):
        missing = ["ADDRESS", "SIGNATURE", "ADDRESS"]
        case = (await desk.act(await desk.open(), "request-completion", specialist, missing=missing, language="ru")).json()
        fact, said = await last(desk)
        assert (case["status"], fact, said["missing"]) == ("NEEDS_FIX", "completion-asked", ["ADDRESS", "SIGNATURE"])

    async def test_an_unknown_code_is_refused(self, desk, specialist):
        refused = await desk.act(await desk.open(), "request-completion", specialist, missing=["SHOE_SIZE"], language="ru")
        assert refused.status_code == 422


class TestEndings:
    async def test_a_returned_appeal_is_finished_with_its_ground(self, desk, specialist):
        case = (await desk.act(await desk.open(), "return", specialist, ground="SAME_AS_CLOSED")).json()
        assert (case["status"], case["outcome"], case["next_due_at"], case["clocks"][0]["state"]) == ("RETURNED", "RETURNED", None, "MET")
        fact, said = await last(desk)
        assert (fact, said["ground"], said["actor_role"]) == ("case-returned", "SAME_AS_CLOSED", "specialist")

    async def test_a_crime_is_not_returned(self, desk, specialist):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        refused = await desk.act(appeal_id, "return", specialist, ground="OBSCENE")
        assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")

    async def test_a_head_terminates_and_a_supervisor_only_a_repeat(self, desk, head):
        appeal_id = await desk.open()
        supervisor = desk.token("supervisor", region="KZ-43")
        refused = await desk.act(appeal_id, "terminate", supervisor, ground="COURT_ACT")
        assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")
        assert (await desk.case(appeal_id))["status"] == "IN_REVIEW"
        case = (await desk.act(appeal_id, "terminate", head, ground="COURT_ACT")).json()
        assert (case["status"], case["outcome"]) == ("TERMINATED", "TERMINATED")

    async def test_an_operator_does_neither(self, desk):
        appeal_id = await desk.open()
        for action, fields in (("terminate", {"ground": "COURT_ACT"}), ("return", {"ground": "OBSCENE"}), ("forward", {"body": "POLICE"})):
            assert (await desk.act(appeal_id, action, desk.token("operator"), **fields)).status_code == 403


class TestForward:
    async def test_the_whole_matter_goes_to_the_other_body_with_a_word_to_the_applicant(self, desk, specialist):
        text = "Вопрос вне компетенции Фонда."
        case = (await desk.act(await desk.open(), "forward", specialist, body="LABOUR_SOCIAL", text=text)).json()
        fact, said = await last(desk)
        assert (case["status"], case["holder"], case["outcome"], fact) == ("FORWARDED", "OTHER_BODY", "FORWARDED", "case-forwarded")
        assert [content["text"] for content in await contents(desk, UUID(said["letter_id"]))] == [text]

    async def test_of_a_part_the_rest_goes_on(self, desk, specialist):
        case = (await desk.act(await desk.open(), "forward", specialist, body="LABOUR_SOCIAL", part=True)).json()
        assert (case["status"], case["outcome"], (await last(desk))[0]) == ("IN_REVIEW", None, "part-forwarded")

    async def test_after_three_working_days_it_is_done_and_marked_as_late(self, desk, specialist):
        appeal_id = await desk.open()
        desk.clock.set(NOW + timedelta(days=10))
        case = (await desk.act(appeal_id, "forward", specialist, body="POLICE")).json()
        assert (case["status"], case["history"][-1]["type"]) == ("FORWARDED", "case-forwarded-late")


class TestRedirect:
    async def test_the_clock_stops_when_a_clerk_has_passed_it_on(self, desk, specialist):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        case = (await desk.act(appeal_id, "redirect", specialist, body="POLICE")).json()
        assert ((await last(desk))[0], case["redirected_to"], case["status"]) == ("danger-passed-on", "POLICE", "IN_REVIEW")
        assert {clock["policy"]: clock["state"] for clock in case["clocks"]} == {"REDIRECT_CRIME": "MET", "APPK_15WD": "RUNNING"}
        assert case["next_due_at"] == "2026-02-23T18:59:59Z"

    async def test_a_crime_that_a_clerk_finds_is_told_of_too(self, desk, specialist):
        case = (await desk.act(await desk.open(), "classify", specialist, kind="COMPLAINT", category="EXTORTION")).json()
        assert (case["danger"], (await last(desk))[0]) == ("EXTORTION", "danger-reported")
