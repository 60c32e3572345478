import json
from datetime import timedelta
from uuid import uuid4

import pytest

from routing.cases.models import IssueFinding
from shared.contracts import OutcomeDenied
from tests.routing.cases.service.test_actions import GOOD
from tests.routing.support import QUESTION, count

FOUND = {"outcome": "UNJUSTIFIED", "fact": "Кезек бес күн болды.", "rule": "ҚР ДСМ-75 бұйрығы"}
REFUSAL = {"reason": "NO_REFERRAL", "rule": "ҚР ДСМ-27 бұйрығы", "lawful": True}
FINDING = {name: GOOD["findings"][0][name] for name in ("outcome", "fact", "rule")}


@pytest.fixture
def clerk(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul")


async def opened(desk, **given):
    return await desk.open(**({"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"} | given))


async def split(desk, clerk, appeal_id, category="WAITING_QUEUE"):
    done = await desk.carry_out(appeal_id, "split-issue", clerk, category=category)
    assert done.status_code == 200, done.text
    return done.json()


async def find(desk, clerk, appeal_id, number, *, refusal=None, **fields):
    issue_id = (await desk.case(appeal_id))["issues"][number]["issue_id"]
    done = await desk.carry_out(appeal_id, "set-finding", clerk, issue_id=issue_id, **(FOUND | fields), refusal=refusal)
    assert done.status_code == 200, done.text
    return done.json()


async def published(desk):
    return [(fact, json.loads(value)) for fact, value in await desk.emitted()]


def error(response):
    return response.status_code, [(each["field"], each["code"]) for each in response.json()["errors"]]


class TestAnOrdinaryCase:
    async def test_it_has_one_issue_with_an_id_of_its_own_that_stays(self, desk, clerk):
        appeal_id = await opened(desk)
        (issue,) = (await desk.case(appeal_id))["issues"]
        assert (issue["category"], issue["finding"], issue["refusal"]) == ("REFUSAL_APPOINTMENT", None, None)
        corrected = (await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="WAITING")).json()
        assert corrected["issues"] == [issue | {"category": "WAITING"}]

    async def test_it_costs_no_row_and_its_finding_is_that_of_the_answer(self, desk, clerk):
        appeal_id, other = await opened(desk), await opened(desk)
        await desk.carry_out(appeal_id, "answer", clerk, **GOOD)
        await split(desk, clerk, other)
        await find(desk, clerk, other, 1)
        await desk.carry_out(other, "answer", clerk, **(GOOD | {"findings": [GOOD["findings"][0] | {"category": "REFUSAL_APPOINTMENT"}]}))
        case = await desk.case(other)
        assert await count(desk, IssueFinding) == 2, "of the other case"
        assert [issue["finding"]["outcome"] for issue in case["issues"]] == ["JUSTIFIED", "UNJUSTIFIED"]
        (issue,) = (await desk.case(appeal_id))["issues"]
        assert issue["finding"] == FINDING

    async def test_a_case_about_a_topic_has_none(self, desk, clerk):
        case = await desk.case(await desk.open(text=QUESTION, kind="CONSULTATION", topic="PAY_RATES"), clerk)
        assert case["issues"] == []
        assert {"split-issue", "set-finding", "remove-issue"}.isdisjoint(action["action"] for action in case["next_actions"])


class TestSplit:
    async def test_the_case_goes_to_the_highest_tier_of_its_issues_and_back(self, desk, clerk):
        appeal_id = await opened(desk)
        case = await split(desk, clerk, appeal_id, "QUALITY_DEATH")
        assert (case["tier"], case["queue"], case["category"]) == (3, "KZ-43/3/ru", "REFUSAL_APPOINTMENT")
        assert [issue["category"] for issue in case["issues"]] == ["REFUSAL_APPOINTMENT", "QUALITY_DEATH"]
        fact, event = (await published(desk))[-1]
        assert (fact, event["category"], event["tier"]) == ("classification-corrected", "REFUSAL_APPOINTMENT", 3)
        assert [issue["category"] for issue in event["issues"]] == ["REFUSAL_APPOINTMENT", "QUALITY_DEATH"]
        assert case["history"][-1]["type"] == "issue-split"
        assert "Fatal outcome" in case["history"][-1]["en"]
        back = await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=case["issues"][1]["issue_id"])
        assert (back.json()["tier"], len(back.json()["issues"])) == (2, 1)
        assert (await published(desk))[-1][1]["issues"] is None

    async def test_a_case_that_a_clerk_raised_further_stays_there(self, desk, clerk):
        appeal_id = await opened(desk)
        await desk.carry_out(appeal_id, "escalate", clerk, reason="NEEDS_EXPERT")
        case = await split(desk, clerk, appeal_id)
        assert case["tier"] == 3
        back = await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=case["issues"][1]["issue_id"])
        assert back.json()["tier"] == 3

    async def test_a_case_raised_before_the_split_is_not_sent_back_below_that(self, desk, clerk):
        appeal_id = await opened(desk)
        await desk.carry_out(appeal_id, "escalate", clerk, reason="NEEDS_EXPERT")
        case = await split(desk, clerk, appeal_id, "QUALITY_DEATH")
        back = await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=case["issues"][1]["issue_id"])
        assert (case["tier"], back.json()["tier"]) == (3, 3)

    async def test_a_correction_takes_the_raise_back_so_that_a_removal_does_as_well(self, desk, clerk):
        appeal_id = await opened(desk)
        await desk.carry_out(appeal_id, "escalate", clerk, reason="NEEDS_EXPERT")
        await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="WAITING")
        case = await split(desk, clerk, appeal_id, "QUALITY_DEATH")
        back = await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=case["issues"][1]["issue_id"])
        assert (case["tier"], back.json()["tier"]) == (3, 2)

    async def test_a_correction_keeps_the_tier_of_the_other_issues(self, desk, clerk):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id, "QUALITY_DEATH")
        case = (await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="DRUGS")).json()
        assert (case["tier"], [issue["category"] for issue in case["issues"]]) == (3, ["DRUGS", "QUALITY_DEATH"])

    async def test_a_crime_split_off_is_reported_at_once_and_the_appeal_is_not_returned(self, desk, clerk):
        case = await split(desk, clerk, await opened(desk), "EXTORTION")
        assert case["danger"] == "EXTORTION"
        assert {clock["policy"] for clock in case["clocks"] if clock["state"] == "RUNNING"} == {"APPK_15WD", "REDIRECT_CRIME"}
        assert [fact for fact, _ in (await published(desk))[-2:]] == ["classification-corrected", "danger-reported"]
        assert "return" not in {action["action"] for action in case["next_actions"]}

    @pytest.mark.parametrize("category", ["REFUSAL_APPOINTMENT", "WAITING"])
    async def test_a_category_that_the_case_has_is_refused(self, desk, clerk, category):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id, "WAITING")
        assert error(await desk.carry_out(appeal_id, "split-issue", clerk, category=category)) == (422, [("category", "duplicate-issue")])

    @pytest.mark.parametrize(
        ("corrected", "expected"),
        [
            ({"kind": "CONSULTATION", "topic": "PAY_RATES"}, ("kind", "several-issues")),
            ({"kind": "COMPLAINT", "category": "WAITING"}, ("category", "duplicate-issue")),
        ],
    )
    async def test_a_correction_that_the_other_issues_do_not_go_with_is_refused(self, desk, clerk, corrected, expected):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id, "WAITING")
        before = await desk.case(appeal_id)
        assert error(await desk.carry_out(appeal_id, "classify", clerk, **corrected)) == (422, [expected])
        assert await desk.case(appeal_id) == before

    async def test_twenty_issues_are_enough(self, desk, clerk):
        appeal_id = await opened(desk)
        case = await desk.case(appeal_id, clerk)
        options = next(action["fields"][0]["options"] for action in case["next_actions"] if action["action"] == "split-issue")
        results = [
            await desk.carry_out(appeal_id, "split-issue", clerk, category=code) for code in options[:21] if code != case["category"]
        ]
        assert [result.status_code for result in results] == [200] * 19 + [422] * (len(results) - 19)


class TestRemove:
    async def test_neither_the_main_issue_nor_one_with_a_finding_goes(self, desk, clerk):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id)
        await split(desk, clerk, appeal_id, "DENTAL")
        case = await find(desk, clerk, appeal_id, 1)
        (removing,) = [action for action in case["next_actions"] if action["action"] == "remove-issue"]
        ids = [issue["issue_id"] for issue in case["issues"]]
        assert removing["fields"][0]["options"] == [ids[2]]
        for issue_id in ids[:2]:
            assert error(await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=issue_id)) == (422, [("issue_id", "issue-stays")])
        gone = (await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=ids[2])).json()
        assert "remove-issue" not in {action["action"] for action in gone["next_actions"]}
        refused = await desk.carry_out(appeal_id, "remove-issue", clerk, issue_id=ids[2])
        assert refused.json()["code"] == "action-not-possible"


class TestSetFinding:
    async def test_it_is_shown_sealed_when_stored_and_replaced_by_the_next(self, desk, clerk):
        appeal_id = await opened(desk)
        before = len(await published(desk))
        case = await find(desk, clerk, appeal_id, 0, refusal=REFUSAL)
        assert (case["issues"][0]["finding"], case["issues"][0]["refusal"]) == (FOUND, REFUSAL)
        assert case["history"][-1]["type"] == "finding-set"
        assert len(await published(desk)) == before, "the finding is the Fund's own until the answer"
        stored = await desk.engine.stored(desk.parts.database)
        for text in (FOUND["fact"], FOUND["rule"], REFUSAL["rule"]):
            assert text.encode() not in stored
        again = await find(desk, clerk, appeal_id, 0, outcome="JUSTIFIED")
        assert (again["issues"][0]["finding"]["outcome"], again["issues"][0]["refusal"]) == ("JUSTIFIED", None)
        assert await count(desk, IssueFinding) == 1

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"issue_id": str(uuid4())}, ("issue_id", "unknown-code")),
            ({"outcome": "RESOLVED_ON_SPOT"}, ("outcome", "applicants-outcome")),
            ({"refusal": REFUSAL | {"reason": "BAD_MOOD"}}, ("refusal.reason", "unknown-code")),
            ({"refusal": {"reason": "NO_REFERRAL", "lawful": True}}, ("refusal.rule", "required")),
            ({"fact": ""}, ("fact", "too-short")),
        ],
    )
    async def test_an_incomplete_finding_is_refused(self, desk, clerk, fields, expected):
        appeal_id = await opened(desk)
        issue_id = (await desk.case(appeal_id))["issues"][0]["issue_id"]
        assert error(await desk.carry_out(appeal_id, "set-finding", clerk, **({"issue_id": issue_id} | FOUND | fields))) == (
            422,
            [expected],
        )


class TestCorrection:
    async def test_the_finding_on_one_category_is_none_on_another(self, desk, clerk):
        appeal_id = await opened(desk)
        before = (await find(desk, clerk, appeal_id, 0, refusal=REFUSAL))["issues"][0]
        same = (await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="REFUSAL_APPOINTMENT")).json()
        assert same["issues"] == [before]
        (issue,) = (await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="DRUGS")).json()["issues"]
        assert (issue["category"], issue["finding"], issue["refusal"]) == ("DRUGS", None, None)
        assert issue["issue_id"] != before["issue_id"]
        refused = await desk.carry_out(appeal_id, "answer", clerk, **(GOOD | {"findings": []}))
        assert error(refused) == (422, [("findings", "required")])

    async def test_a_topic_and_back_leaves_no_finding(self, desk, clerk):
        appeal_id = await opened(desk)
        await find(desk, clerk, appeal_id, 0, refusal=REFUSAL)
        about_topic = (await desk.carry_out(appeal_id, "classify", clerk, kind="CONSULTATION", topic="PAY_RATES")).json()
        back = await desk.carry_out(appeal_id, "classify", clerk, kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        assert about_topic["issues"] == []
        assert [(issue["finding"], issue["refusal"]) for issue in back.json()["issues"]] == [(None, None)]


class TestTheAnswer:
    async def test_every_issue_needs_a_finding(self, desk, clerk):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id)
        refused = await desk.carry_out(appeal_id, "answer", clerk, **GOOD)
        assert [(each["code"], each["detail"]) for each in refused.json()["errors"]] == [
            ("issue-without-finding", "No finding speaks of the issue REFUSAL_APPOINTMENT."),
            ("issue-without-finding", "No finding speaks of the issue WAITING_QUEUE."),
        ]
        findings = [FOUND | {"category": category} for category in ("REFUSAL_APPOINTMENT", "WAITING_QUEUE")]
        answered = (await desk.carry_out(appeal_id, "answer", clerk, **(GOOD | {"findings": findings}))).json()
        assert answered["status"] == "ANSWERED"
        assert [issue["finding"] for issue in answered["issues"]] == [FOUND, FOUND]

    async def test_the_set_findings_are_filled_in_and_their_codes_published(self, desk, clerk):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id)
        await find(desk, clerk, appeal_id, 0, refusal=REFUSAL)
        await find(desk, clerk, appeal_id, 1, outcome="JUSTIFIED")
        answered = (await desk.carry_out(appeal_id, "answer", clerk, **(GOOD | {"findings": []}))).json()
        assert [finding["category"] for finding in answered["answer"]["findings"]] == ["REFUSAL_APPOINTMENT", "WAITING_QUEUE"]
        event = next(event for fact, event in await published(desk) if fact == "answer-given")
        assert event["findings"] == ["UNJUSTIFIED", "JUSTIFIED"]
        assert [tuple(issue.values())[1:] for issue in event["issues"]] == [
            ("REFUSAL_APPOINTMENT", "UNJUSTIFIED", "NO_REFERRAL", True),
            ("WAITING_QUEUE", "JUSTIFIED", None, None),
        ]

    async def test_what_the_applicant_is_answered_replaces_what_was_set(self, desk, clerk):
        appeal_id = await opened(desk)
        await find(desk, clerk, appeal_id, 0, refusal=REFUSAL)
        told = FINDING | {"category": "REFUSAL_APPOINTMENT"}
        answered = (await desk.carry_out(appeal_id, "answer", clerk, **(GOOD | {"findings": [told]}))).json()
        assert (answered["issues"][0]["finding"], answered["issues"][0]["refusal"]) == (FINDING, REFUSAL)

    async def test_after_a_denial_the_findings_stand_until_they_are_set_anew(self, desk, clerk):
        appeal_id = await opened(desk)
        answered = (await desk.carry_out(appeal_id, "answer", clerk, **GOOD)).json()
        answer_id = next(event["answer_id"] for fact, event in await published(desk) if fact == "answer-given")
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=None))
        assert (await desk.case(appeal_id))["issues"] == answered["issues"]
        assert (await find(desk, clerk, appeal_id, 0))["issues"][0]["finding"] == FOUND

    async def test_what_was_answered_before_a_denial_is_no_finding_of_the_next_answer(self, desk, clerk):
        appeal_id = await opened(desk)
        await split(desk, clerk, appeal_id)
        told = [FINDING | {"category": category} for category in ("REFUSAL_APPOINTMENT", "WAITING_QUEUE")]
        await desk.carry_out(appeal_id, "answer", clerk, **(GOOD | {"findings": told}))
        answer_id = next(event["answer_id"] for fact, event in await published(desk) if fact == "answer-given")
        await desk.apply(OutcomeDenied(appeal_id=appeal_id, answer_id=answer_id, followed_by=None))
        expert = desk.token("expert", region="KZ-43", subject="expert")
        unfounded = GOOD | {"findings": []}
        assert error(await desk.carry_out(appeal_id, "answer", expert, **unfounded)) == (422, [("findings", "required")])
        desk.clock.advance(timedelta(minutes=5))
        for number in (0, 1):
            await find(desk, expert, appeal_id, number)
        assert (await desk.carry_out(appeal_id, "answer", expert, **unfounded)).status_code == 200
