"""Administrative complaints: against an act of the Fund itself, passed up within three working days or satisfied (АППК art. 91(4))."""

import json
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.cases.schemas.commands import CaseAction
from routing.cases.service import suggestions
from routing.cases.service.suggestions import term_of
from shared.domain.calendar import working_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.regions import regions
from tests.routing.cases.service.test_extensions import actions_of, clerk
from tests.routing.cases.service.test_workflow import case as made_case

COMPLAINT = {"kind": "COMPLAINT", "category": "FUND_DECISION", "statutory_form": "ZHALOBA"}
BODY = "HEALTH_MINISTRY"
TEXT = "Шағым іс материалдарымен бірге министрлікке берілді."
REGION = "KZ-43"
VECTORS = [  # the day of receipt and three working days on: the vectors of the domain, and the last days of a year
    (date(2026, 2, 2), date(2026, 2, 5)),
    (date(2026, 2, 6), date(2026, 2, 11)),
    (date(2026, 4, 28), date(2026, 5, 4)),
    (date(2026, 5, 22), date(2026, 5, 28)),
    (date(2026, 12, 11), date(2026, 12, 17)),
    (date(2026, 12, 30), date(2027, 1, 6)),
]


def noon(day):
    return datetime.combine(day, time(12), regions()[REGION].timezone).astimezone(UTC)


def complaint(day):
    return made_case(statutory_form="ZHALOBA", received_at=noon(day), registered_at=noon(day))


class TestTerm:
    @pytest.mark.parametrize(("received", "due"), VECTORS)
    def test_three_working_days_from_the_day_after_receipt(self, received, due):
        assert term_of(CaseAction.PASS_UP, complaint(received)) == due_at(due, REGION)

    def test_a_saturday_that_is_worked_counts(self):
        """Saturday 4 May 2024 was worked in place of Wednesday 8 May."""
        calendar = working_calendar()
        assert (calendar.is_day_off(date(2024, 5, 4)), calendar.is_day_off(date(2024, 5, 8))) == (False, True)
        assert term_of(CaseAction.PASS_UP, complaint(date(2024, 4, 30))) == due_at(date(2024, 5, 4), REGION)

    @given(st.dates(date(2020, 1, 1), date(2026, 12, 31)))
    def test_it_is_the_term_of_the_policy_on_every_day(self, day):
        expected = due_on(day, policies()["ZHALOBA_PASS_UP"], working_calendar()).due_on
        assert term_of(CaseAction.PASS_UP, complaint(day)) == due_at(expected, REGION)
        counted = [day + timedelta(days=n) for n in range(1, (expected - day).days + 1)]
        assert sum(not working_calendar().is_day_off(each) for each in counted) == 3

    @pytest.mark.parametrize(("received", "due"), VECTORS)
    async def test_the_action_and_the_deadlines_that_anybody_may_ask_for_agree(self, desk, received, due):
        at = noon(received)
        desk.clock.set(at)
        appeal_id = await desk.open(**COMPLAINT, received_at=at, registered_at=at)
        offers = {each["action"]: each for each in (await desk.case(appeal_id, clerk(desk)))["next_actions"]}
        asked = (await desk.get("/deadlines", **{"policy": "ZHALOBA_PASS_UP", "from": received.isoformat()})).json()
        assert asked["due_on"] == due.isoformat()
        assert datetime.fromisoformat(offers["pass-up"]["due_at"]) == due_at(due, REGION)


class TestPassUp:
    async def test_the_complaint_goes_with_a_letter_and_its_case_ends_here(self, desk):
        appeal_id = await desk.open(**COMPLAINT)
        done = (await desk.carry_out(appeal_id, "pass-up", clerk(desk), body=BODY, text=TEXT)).json()
        assert (done["status"], done["holder"], done["outcome"]) == ("FORWARDED", "OTHER_BODY", "FORWARDED")
        assert done["history"][-1]["kk"].startswith("Шағым іс материалдарымен бірге жоғары тұрған органға берілді: Денсаулық")
        fact, value = (await desk.emitted())[-1]
        event = json.loads(value)
        assert (fact, event["body"], event["actor_role"]) == ("complaint-passed-up", BODY, "specialist")
        assert [(letter["letter_id"], letter["text"]) for letter in done["letters"]] == [(event["letter_id"], TEXT)]
        assert UUID(event["letter_id"])

    @pytest.mark.parametrize(
        ("language", "phrase"), [("kk", "91-бабының 4-тармағына"), ("ru", "пункту 4 статьи 91"), ("en", "article 91(4)")]
    )
    async def test_a_letter_is_proposed_in_the_language_of_the_case(self, desk, language, phrase):
        case = await desk.case(await desk.open(**COMPLAINT, language=language), clerk(desk))
        offer = next(each for each in case["next_actions"] if each["action"] == "pass-up")
        text = next(field["value"] for field in offer["fields"] if field["name"] == "text")
        assert phrase in text
        assert case["number"] in text
        assert offer["suggested"] is False

    async def test_after_three_working_days_it_is_marked_as_late(self, desk):
        appeal_id = await desk.open(**COMPLAINT)
        due = datetime.fromisoformat(
            next(each for each in (await desk.case(appeal_id, clerk(desk)))["next_actions"] if each["action"] == "pass-up")["due_at"]
        )
        desk.clock.set(due + timedelta(seconds=1))
        done = (await desk.carry_out(appeal_id, "pass-up", clerk(desk), body=BODY)).json()
        assert (done["status"], done["history"][-1]["type"], done["letters"]) == ("FORWARDED", "complaint-passed-up-late", [])

    async def test_at_the_end_of_the_last_day_it_is_in_time(self, desk):
        appeal_id = await desk.open(**COMPLAINT)
        offers = {each["action"]: each for each in (await desk.case(appeal_id, clerk(desk)))["next_actions"]}
        desk.clock.set(datetime.fromisoformat(offers["pass-up"]["due_at"]))
        done = (await desk.carry_out(appeal_id, "pass-up", clerk(desk), body=BODY)).json()
        assert done["history"][-1]["type"] == "complaint-passed-up"

    async def test_a_complaint_about_a_provider_is_no_complaint_about_an_act_of_the_fund(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        assert "pass-up" not in await actions_of(desk, appeal_id, clerk(desk))
        refused = await desk.carry_out(appeal_id, "pass-up", clerk(desk), body=BODY)
        assert refused.json()["code"] == "action-not-possible"

    @pytest.mark.parametrize("body", ["POLICE", "HEALTH_DEPARTMENT", "NOBODY"])
    async def test_it_goes_to_a_superior_body_alone(self, desk, body):
        refused = await desk.carry_out(await desk.open(**COMPLAINT), "pass-up", clerk(desk), body=body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body")

    async def test_an_operator_does_not_pass_it_up(self, desk):
        refused = await desk.carry_out(await desk.open(**COMPLAINT), "pass-up", clerk(desk, role="operator"), body=BODY)
        assert refused.status_code == 403

    async def test_satisfied_at_once_it_is_answered_without_a_second_person_and_refused_only_with_one(self, desk):
        answer = {
            "language": "ru", "text": "Решение отменено.", "next_steps": "Ничего делать не нужно.", "how_to_complain": "В суд.",
            "findings": [{"category": "FUND_DECISION", "outcome": "JUSTIFIED", "fact": "Решение ошибочно.", "rule": "АППК 91(4)."}],
        }  # fmt: skip
        satisfied, refused = await desk.open(**COMPLAINT), await desk.open(**COMPLAINT)
        who = clerk(desk, "boss-1", "supervisor")
        assert (await desk.carry_out(satisfied, "answer", who, **answer)).json()["status"] == "ANSWERED"
        answer["findings"][0]["outcome"] = "UNJUSTIFIED"
        assert (await desk.carry_out(refused, "answer", who, **answer)).json()["approval_action"] == "answer"


def test_the_term_is_a_policy_of_its_own():
    assert suggestions.TERMS[CaseAction.PASS_UP] == "ZHALOBA_PASS_UP"
