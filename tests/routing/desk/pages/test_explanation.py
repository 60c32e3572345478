"""Why a case is classified as it is, and what a clerk may choose instead with two keys."""

import re

import pytest
from sqlalchemy import update

from routing.cases.models import AppealCase
from tests.routing.classification.test_proposals import TWO
from tests.routing.desk.support import open_desk, session
from tests.routing.support import COMPLAINT

CHOICE = re.compile(r'<form method="post" action="([^"]+/classify[^"]*)">(.*?)</form>', re.DOTALL)
ISSUE = re.compile(r'<form method="post" action="([^"]+)" data-proposed-issue>(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


async def press(desk, form, who=None) -> None:
    action, inner = form
    answer = await desk.client.post(action.replace("&amp;", "&"), headers=who or session(desk), data=dict(HIDDEN.findall(inner)))
    assert answer.status_code == 303, answer.text


async def set_classification(desk, appeal_id, **changed) -> None:
    async with desk.parts.database.write() as opened:
        found = (await desk.case(appeal_id))["classification"] | changed
        await opened.execute(update(AppealCase).where(AppealCase.appeal_id == appeal_id).values(classification=found))


class TestFacts:
    async def test_a_decision_names_who_decided_how_surely_and_in_which_version(self, desk):
        appeal_id = await desk.open(text=COMPLAINT)
        await set_classification(desk, appeal_id, confidence=0.934, versions={"method": "model", "model": "2026-11-30.1"})
        page = (await open_desk(desk, f"/{appeal_id}")).text
        for text in ("the trained model", "93%", "2026-11-30.1", "<mark>"):
            assert text in page.replace("\u00a0", ""), text

    async def test_a_correction_names_the_role_and_no_confidence(self, desk):
        appeal_id = await desk.open(text=COMPLAINT)
        await desk.carry_out(appeal_id, "classify", desk.token("specialist", region="KZ-43"), kind="COMPLAINT", category="WAITING")
        page = (await open_desk(desk, f"/{appeal_id}")).text
        assert "Decided by" in page
        assert "<dt>Confidence</dt>" not in page

    @pytest.mark.parametrize("code", ["EMPTY", "SYMBOLS", "KEYBOARD", "ADVERTISING"])
    async def test_junk_is_a_remark_and_takes_no_action_away(self, desk, code):
        appeal_id = await desk.open(text=COMPLAINT)
        before = (await desk.case(appeal_id))["next_actions"]
        await set_classification(desk, appeal_id, junk=code)
        assert "nothing was deleted or decided" in (await open_desk(desk, f"/{appeal_id}")).text
        assert (await desk.case(appeal_id))["next_actions"] == before

    async def test_a_text_that_may_be_junk_stays_an_open_case_with_the_reason_stored(self, desk):
        text = "фывфывфыв"
        appeal_id = await desk.open(text=text)
        case = await desk.case(appeal_id)
        assert (case["classification"]["junk"], case["unsorted"], case["closed_at"]) == ("KEYBOARD", True, None)
        page = (await open_desk(desk, f"/{appeal_id}")).text
        assert "nothing was deleted or decided" in page
        assert text in page


class TestAlternatives:
    async def test_a_press_of_another_choice_corrects_the_classification(self, desk):
        appeal_id = await desk.open(text=TWO)
        forms = CHOICE.findall((await open_desk(desk, f"/{appeal_id}")).text)
        await press(desk, next(form for form in forms if 'value="ETHICS_RUDENESS"' in form[1]))
        assert (await desk.case(appeal_id))["category"] == "ETHICS_RUDENESS"

    async def test_the_first_choice_of_an_unsorted_case_confirms_the_provisional_one(self, desk):
        appeal_id = await desk.open(text="… ?!")
        before = await desk.case(appeal_id)
        await press(desk, CHOICE.findall((await open_desk(desk, f"/{appeal_id}")).text)[0])
        after = await desk.case(appeal_id)
        assert (after["kind"], after["topic"], after["unsorted"]) == (before["kind"], before["topic"], False)

    async def test_who_may_not_correct_is_offered_nothing(self, desk):
        appeal_id = await desk.open(text=TWO)
        page = (await open_desk(desk, f"/{appeal_id}", session(desk, "admin", region=None))).text
        assert "alternatives" not in re.sub(r"<dialog.*?</dialog>", "", page, flags=re.DOTALL)
        assert not ISSUE.findall(page)


class TestProposedIssues:
    async def test_one_press_splits_the_proposed_issue_off_and_it_is_not_proposed_again(self, desk):
        appeal_id = await desk.open(text=TWO, kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        assert len((await desk.case(appeal_id))["issues"]) == 1  # a proposal changes nothing by itself
        (form,) = ISSUE.findall((await open_desk(desk, f"/{appeal_id}")).text)
        assert "<mark>" in form[1]
        await press(desk, form)
        case = await desk.case(appeal_id)
        assert [issue["category"] for issue in case["issues"]] == ["REFUSAL_APPOINTMENT", "ETHICS_RUDENESS"]
        assert not ISSUE.findall((await open_desk(desk, f"/{appeal_id}")).text)

    async def test_the_tier_is_the_highest_of_the_accepted_issues(self, desk):
        appeal_id = await desk.open(
            text="Кезек өте ұзақ, айлап күтеміз. Дәрігер пара сұрады, ақша талап етті.", kind="COMPLAINT", category="WAITING"
        )
        expert = session(desk, "expert", None)  # the signs of extortion protect the case
        (form,) = ISSUE.findall((await open_desk(desk, f"/{appeal_id}", expert)).text)
        await press(desk, form, expert)
        case = await desk.case(appeal_id)
        assert (case["category"], len(case["issues"]), case["tier"]) == ("WAITING", 2, 3)

    @pytest.mark.parametrize(
        "text",
        [
            "Кезек өте ұзақ, айлап күтеміз. Әкем ауруханада дұрыс емделмегендіктен қайтыс болды.",
            "Очень большая очередь, ждём месяцами. В больнице отец умер из-за неправильного лечения.",
        ],
        ids=["kk", "ru"],
    )
    async def test_a_proposed_issue_raises_the_tier_only_when_a_person_accepts_it(self, desk, text):
        appeal_id = await desk.open(text=text, kind="COMPLAINT", category="WAITING")
        for _ in range(2):
            (form,) = ISSUE.findall((await open_desk(desk, f"/{appeal_id}")).text)
            assert 'value="QUALITY_DEATH"' in form[1]
        before = await desk.case(appeal_id)
        assert (before["tier"], [issue["category"] for issue in before["issues"]]) == (2, ["WAITING"])
        await press(desk, form)
        assert (await desk.case(appeal_id))["tier"] == 3
