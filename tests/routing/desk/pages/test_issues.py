import pytest

from tests.routing.desk.support import ANSWER, forms, open_desk, send
from tests.routing.support import QUESTION

pytestmark = pytest.mark.usefixtures("owners")
FOUND = {
    "set-finding-outcome": "UNJUSTIFIED",
    "set-finding-fact": "Кезек бес күн болды.",
    "set-finding-rule": "ҚР ДСМ-75 бұйрығы",
}
REFUSAL = {
    "set-finding-refusal_reason": "NO_REFERRAL",
    "set-finding-refusal_lawful": "no",
    "set-finding-refusal_rule": "ҚР ДСМ-27 бұйрығы",
}


async def issues(desk, complaint):
    return (await desk.case(complaint))["issues"]


@pytest.fixture
async def two(desk, complaint):
    """Return the ids of two issues."""
    assert (await send(desk, complaint, "split-issue", **{"split-issue-category": "WAITING_QUEUE"})).status_code == 303
    return [issue["issue_id"] for issue in await issues(desk, complaint)]


class TestCard:
    async def test_an_ordinary_case_shows_its_issue_and_a_consultation_no_card(self, desk, complaint):
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "issues-title" in page
        assert "No finding yet" in page
        assert "remove-issue" not in page
        question = await desk.open(text=QUESTION, kind="CONSULTATION")
        assert "issues-title" not in (await open_desk(desk, f"/{question}")).text

    async def test_a_finding_with_a_refusal_is_saved_shown_and_opened_again(self, desk, complaint, two):
        done = await send(desk, complaint, "set-finding", **{"set-finding-issue_id": two[1]}, **FOUND, **REFUSAL)
        assert done.status_code == 303
        assert (await issues(desk, complaint))[1]["refusal"] == {"reason": "NO_REFERRAL", "rule": "ҚР ДСМ-27 бұйрығы", "lawful": False}
        page = (await open_desk(desk, f"/{complaint}", issue=two[1])).text
        assert "No referral (unlawful). ҚР ДСМ-27 бұйрығы" in page
        assert '<option value="NO_REFERRAL" selected>' in page

    async def test_the_form_is_of_the_issue_that_it_names_and_stays_of_it(self, desk, complaint, two):
        await send(desk, complaint, "set-finding", **{"set-finding-issue_id": two[0]}, **FOUND)
        returned = await send(desk, complaint, "set-finding", **{"set-finding-issue_id": two[1]}, **(FOUND | {"set-finding-rule": ""}))
        for page in (await open_desk(desk, f"/{complaint}", issue=two[1]), returned):
            assert "<h3>Queue in the facility</h3>" in page.text
            assert f'<input type="hidden" name="set-finding-issue_id" value="{two[1]}">' in page.text
            assert 'id="f-set-finding-issue_id"' not in page.text, "no issue is chosen over the texts of another"

    async def test_an_incomplete_refusal_comes_back_at_its_field(self, desk, complaint, two):
        given = {"set-finding-issue_id": two[0], **FOUND, "set-finding-refusal_reason": "NO_REFERRAL"}
        page = await send(desk, complaint, "set-finding", **given)
        assert page.status_code == 422
        assert "f-set-finding-refusal_lawful-error" in page.text
        assert "Кезек бес күн болды." in page.text

    async def test_a_split_is_undone(self, desk, complaint, two):
        assert "remove-issue" in forms(await open_desk(desk, f"/{complaint}"))
        assert (await send(desk, complaint, "remove-issue", **{"remove-issue-issue_id": two[1]})).status_code == 303
        assert len(await issues(desk, complaint)) == 1


class TestAnswer:
    async def test_the_form_is_prefilled_and_the_checklist_names_the_issue_that_lacks_a_finding(self, desk, complaint, two):
        await send(desk, complaint, "set-finding", **{"set-finding-issue_id": two[0]}, **FOUND)
        page = (await open_desk(desk, f"/{complaint}")).text
        gate = page[page.index('class="gate"') : page.index("</ul>", page.index('class="gate"'))]
        assert 'class="done">the finding on “Refusal of doctor visit”' in gate
        assert '<li data-needs="^findings\\.1\\.(outcome|fact|rule)$">the finding on “Queue in the facility”' in gate
        assert page.count("Кезек бес күн болды.") == 2  # the card and the form of the answer

    @pytest.mark.usefixtures("two")
    async def test_an_answer_without_one_of_them_says_so_once_and_keeps_what_was_written(self, desk, complaint):
        page = await send(desk, complaint, "answer", **ANSWER)
        assert page.status_code == 422
        assert page.text.count("Each issue of the case needs a finding of its category.") == 1
        assert ANSWER["findings.0.fact"] in page.text
